# Completion of kennel(1) for fish. tests/doc/test_completion.py compares it with --help.

function __kennel_is
    set -l words (commandline -opc)
    test (count $words) -gt 1; and contains -- $words[2] $argv
end

function __kennel_profiles
    set -l words (commandline -opc)
    $words[1] profiles 2>/dev/null | string replace -r ' +' \t
end

# The command that kennel run starts, as far as it is written: what fish knows of it is offered.
function __kennel_payload
    set -l words (commandline -opc) (commandline -ct)
    set -l index 3
    while test $index -lt (count $words)
        switch $words[$index]
            case --
                set index (math $index + 1)
                break
            case -p -P -m --ro --rw --hide --exec --connect --bind --log --keep-fd --without --why
                set index (math $index + 2)
            case '-*'
                set index (math $index + 1)
            case '*'
                break
        end
    end
    test $index -le (count $words); and complete -C (string join ' ' -- $words[$index..-1])
end

set -l start 'test (count (commandline -opc)) -eq 1'
set -l policy run check diff explain plan
set -l categories walk list stat read write exec ioctl create delete rename symlink truncate chdir readdir mkdir \
    rmdir chown chgrp chmod chattr utime mkbdev mkcdev mkfifo mktemp notify fs net/bind net/connect net/sendfd \
    net/link all all-x rpath lpath wpath cpath tpath dpath spath fown fattr net inet
set -l features sync-wake-up recv-ends pidfd-thread get-syscall-info set-syscall-info entry-result null-path \
    landlock landlock-scope split-opens

complete -c kennel -f
complete -c kennel -n $start -a run -d 'run a command under a policy'
complete -c kennel -n $start -a check -d 'load a policy and show what it says'
complete -c kennel -n $start -a diff -d 'say what one policy allows and another does not'
complete -c kennel -n $start -a explain -d 'say which rule decides on a name'
complete -c kennel -n $start -a plan -d 'show what is done about each system call'
complete -c kennel -n $start -a profiles -d 'list the policies that are part of the program'
complete -c kennel -n $start -a quote -d 'print text as it is written in patterns'
complete -c kennel -n $start -a bench -d 'measure what it costs to intercept system calls'
complete -c kennel -n $start -l version -d 'print the version'
complete -c kennel -l help -d 'print a summary'

complete -c kennel -n "__kennel_is $policy" -s p -x -a '(__kennel_profiles)' -d 'a policy that is part of the program'
complete -c kennel -n "__kennel_is $policy" -s P -r -F -d 'a policy file'
complete -c kennel -n "__kennel_is $policy" -s m -x -d 'one command of the rule language'
complete -c kennel -n "__kennel_is $policy" -l ro -r -F -d 'allow reading and executing'
complete -c kennel -n "__kennel_is $policy" -l rw -r -F -d 'allow reading, executing and changing'
complete -c kennel -n "__kennel_is $policy" -l hide -r -F -d 'show nothing of it'
complete -c kennel -n "__kennel_is $policy" -l exec -r -F -d 'allow executing'
complete -c kennel -n "__kennel_is $policy" -l connect -x -d 'allow connecting'
complete -c kennel -n "__kennel_is $policy" -l bind -x -d 'allow binding'

complete -c kennel -n '__kennel_is run' -l log -r -F -d 'where refusals are logged'
complete -c kennel -n '__kennel_is run' -l keep-fd -x -d 'a descriptor for the command'
complete -c kennel -n '__kennel_is run plan' -l without -x -a "$features" -d 'do without a kernel feature'
complete -c kennel -n '__kennel_is run' -a '(__kennel_payload)'
complete -c kennel -n '__kennel_is check' -l print -d 'print the policy as rules'
complete -c kennel -n '__kennel_is check' -l environment -d 'print which variables are not passed'
complete -c kennel -n '__kennel_is plan' -l cage -d 'the calls of the supervisor itself'
complete -c kennel -n '__kennel_is plan' -l bpf -r -F -d 'write the filter'
complete -c kennel -n '__kennel_is plan' -l pfc -d 'print the filter as text'
complete -c kennel -n '__kennel_is plan' -l guard -d 'the filter below it'
complete -c kennel -n '__kennel_is plan' -l why -x -d 'all that is done about one call'
complete -c kennel -n '__kennel_is check diff explain plan profiles' -l json -d 'print JSON'
complete -c kennel -n '__kennel_is explain' -l literal -d 'look no symlinks up'
complete -c kennel -n '__kennel_is explain' -F -a "$categories"
complete -c kennel -n '__kennel_is diff' -F -a '(__kennel_profiles)'
complete -c kennel -n '__kennel_is profiles' -a '(__kennel_profiles)'
complete -c kennel -n '__kennel_is bench' -l quick -d 'fewer and shorter runs'
complete -c kennel -n '__kennel_is bench' -l pairs -x -d 'so many rounds'
complete -c kennel -n '__kennel_is bench' -l only -x -a 'calls rules processes workloads' -d 'only these'
complete -c kennel -n '__kennel_is bench' -l peers -d 'other sandboxes, too'
complete -c kennel -n '__kennel_is bench' -l no-peers -d 'no other sandboxes'
complete -c kennel -n '__kennel_is bench' -l json -r -F -d 'write all samples'
complete -c kennel -n '__kennel_is bench' -l html -r -F -d 'write a page'
complete -c kennel -n '__kennel_is bench' -l list -d 'print what would be measured'
