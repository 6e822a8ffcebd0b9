# Completion of kennel(1) for bash. tests/doc/test_completion.py compares it with --help.

_kennel_policy='-p -P -m --ro --rw --hide --exec --connect --bind'
_kennel_categories='walk list stat read write exec ioctl create delete rename symlink truncate chdir readdir
	mkdir rmdir chown chgrp chmod chattr utime mkbdev mkcdev mkfifo mktemp notify fs
	net/bind net/connect net/sendfd net/link
	all all-x rpath lpath wpath cpath tpath dpath spath fown fattr net inet'
_kennel_features='sync-wake-up recv-ends pidfd-thread get-syscall-info set-syscall-info entry-result null-path
	landlock landlock-scope split-opens'

_kennel_options()
{
	case $1 in
	run) echo "$_kennel_policy --log --keep-fd --without --help" ;;
	check) echo "$_kennel_policy --print --json --environment --help" ;;
	diff) echo "$_kennel_policy --json --help" ;;
	explain) echo "$_kennel_policy --literal --json --help" ;;
	plan) echo "$_kennel_policy --json --why --cage --bpf --pfc --guard --without --help" ;;
	profiles) echo "--json --help" ;;
	quote) echo "--help" ;;
	bench) echo "--quick --pairs --only --peers --no-peers --json --html --list --help" ;;
	*) echo "--version --help" ;;
	esac
}

_kennel_words()
{
	local word

	while read -r word; do
		COMPREPLY+=("$word")
	done < <(compgen -W "$1" -- "$2")
}

_kennel_profiles()
{
	_kennel_words "$("${COMP_WORDS[0]}" profiles 2>/dev/null | cut -d ' ' -f 1)" "$1"
}

# Folders, and the files whose names match a pattern (all without one).
_kennel_files()
{
	local name

	compopt -o filenames 2>/dev/null
	while read -r name; do
		[[ -d $name || -z $2 || $name =~ $2 ]] && COMPREPLY+=("$name")
	done < <(compgen -f -- "$1")
}

_kennel_policies()
{
	_kennel_files "$1" '\.(kennel|syd-3)$'
}

# The value of an option of a command; fails when it takes none.
_kennel_value()
{
	case $3:$1 in
	bench:--json | bench:--html) _kennel_files "$2" '' && return ;;
	bench:--pairs) return ;;
	bench:--only) _kennel_words "calls rules processes workloads" "$2" && return ;;
	esac
	case $1 in
	-p) _kennel_profiles "$2" ;;
	-P) _kennel_policies "$2" ;;
	--ro | --rw | --hide | --exec | --log) _kennel_files "$2" '' ;;
	--without) _kennel_words "$_kennel_features" "$2" ;;
	-m | --connect | --bind | --keep-fd) ;;
	*) return 1 ;;
	esac
}

# Which word of the line is the command that kennel run starts: 0, none yet.
_kennel_payload()
{
	local index

	for ((index = 2; index < COMP_CWORD; index++)); do
		case ${COMP_WORDS[index]} in
		--) echo $((index + 1)) && return ;;
		-p | -P | -m | --ro | --rw | --hide | --exec | --connect | --bind | --log | --keep-fd | --without | --why) ((index++)) ;;
		-*) ;;
		*) echo "$index" && return ;;
		esac
	done
	echo 0
}

_kennel_argument()
{
	case $1 in
	run) _kennel_words "$(compgen -c -- "$2" | sort -u)" "$2" ;;
	explain) _kennel_words "$_kennel_categories" "$2" && _kennel_files "$2" '' ;;
	diff) _kennel_profiles "$2" && _kennel_policies "$2" ;;
	profiles) _kennel_profiles "$2" ;;
	esac
}

_kennel()
{
	local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} payload=0

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_kennel_words "run check diff explain plan profiles quote bench --version --help" "$current"
		return
	fi
	[[ $command == run ]] && payload=$(_kennel_payload)
	if ((payload > 0 && COMP_CWORD > payload)); then
		_kennel_files "$current" ''
	elif ((payload > 0)); then
		_kennel_argument run "$current"
	elif _kennel_value "$before" "$current" "$command"; then
		return
	elif [[ $current == -* ]]; then
		_kennel_words "$(_kennel_options "$command")" "$current"
	else
		_kennel_argument "$command" "$current"
	fi
}

complete -F _kennel kennel
