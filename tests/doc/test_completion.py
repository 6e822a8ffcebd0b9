#!/usr/bin/env python3
"""The completions for bash, zsh and fish, in the shells themselves: what each offers is what kennel has."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tests"))

import tap  # noqa: E402  (found through the line above)
from doc.test_pages import commands, options_of  # noqa: E402

KENNEL = pathlib.Path(os.environ.get("KENNEL", "build/kennel")).resolve()
FOLDER = TOP / "doc" / "completion"

BASH = r"""
source "$1"
COMP_WORDS=("${@:2}")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_kennel
printf '%s\n' "${COMPREPLY[@]}"
"""

# Completion runs only in an interactive zsh, so that one is started on a terminal of its own; instead of
# offering words it prints them.
ZSH = r"""
zmodload zsh/zpty
zpty shell "zsh -f -i"
zpty -w shell "PS1= PS2= RPS1="
zpty -w shell "fpath=($1 \$fpath); autoload -Uz compinit; compinit -D -u"
zpty -w shell 'show() {
	unset "compstate[vared]"
	compadd() {
		local -a offered
		[[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] && { builtin compadd "$@"; return }
		builtin compadd -O offered "$@"
		(( $#offered )) && print -rl -- "OFFERED:"${^offered}
		builtin compadd "$@"
	}
	print "START:"
	_main_complete
	print "END:"
	compstate[insert]=
	zle -I
}
zle -C show complete-word show; bindkey "^X^X" show'
zpty -w shell "echo REA''DY"
zpty -r shell text '*READY*'
zpty -w -n shell "$2"$'\C-X\C-X'
zpty -r shell text '*END:*'
print -r -- "$text"
zpty -d shell
"""


def environment(folder):
    """The commands that a shell finds: a folder with kennel alone comes first."""
    os.symlink(KENNEL, f"{folder}/kennel")
    return {"PATH": f"{folder}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": folder, "TERM": "dumb"}


def shell(name, *words):
    if not shutil.which(name):
        raise tap.Skip(f"{name} is not installed")
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run([name, *words], capture_output=True, text=True, check=False, timeout=30, cwd=TOP,
                                env=environment(folder), stdin=subprocess.DEVNULL)
    return result.stdout


def in_bash(line):
    return shell("bash", "--norc", "-c", BASH, "bash", str(FOLDER / "kennel.bash"), *line.split(" ")).splitlines()


def in_fish(line):
    script = f"source {FOLDER}/kennel.fish; complete -C '{line}'"
    return [row.split("\t")[0] for row in shell("fish", "--no-config", "-c", script).splitlines()]


def in_zsh(line):
    return re.findall(r"OFFERED:(\S+)", shell("zsh", "-f", "-c", ZSH, "zsh", str(FOLDER), line))


def expect_all(offer):
    """What one shell offers against what the program has."""
    assert set(commands()) <= set(offer("kennel ")), offer("kennel ")
    expect_options(offer, "kennel", options_of())
    for command in commands():
        expect_options(offer, f"kennel {command}", options_of(command))
    profiles = {profile["name"] for profile in json.loads(subprocess.check_output([KENNEL, "profiles", "--json"]))}
    for line in ("kennel run -p ", "kennel profiles ", "kennel diff "):
        assert profiles <= set(offer(line)), (line, offer(line))
    assert set(offer("kennel explain wal")) == {"walk"}, offer("kennel explain wal")
    assert "landlock-scope" in offer("kennel run --without landlock")
    assert "touch" in offer("kennel run -p work -- touc")
    assert "README.md" in offer("kennel run --ro READM"), offer("kennel run --ro READM")


def expect_options(offer, line, options):
    """Short ones and long ones; a word with a value behind it may end in an equals sign."""
    offered = {word.rstrip("=") for word in offer(f"{line} -") + offer(f"{line} --") if word.startswith("-")}
    assert offered - {"-", "--"} == options, f"{line}: {offered ^ options}"


def test_bash_offers_what_there_is():
    expect_all(in_bash)


def test_fish_offers_what_there_is():
    expect_all(in_fish)


def test_zsh_offers_what_there_is():
    expect_all(in_zsh)


def listed(path, pattern):
    """The words of a list in a completion file."""
    match = re.search(pattern, (FOLDER / path).read_text(encoding="utf-8"), re.S)
    return set(match[1].replace("\\", " ").split())


def test_categories_are_those_of_the_language():
    categories = set(json.loads(subprocess.check_output([KENNEL, "check", "-p", "off", "--json"]))["categories"])
    lists = [listed("kennel.bash", r"_kennel_categories='([^']*)'"), listed("_kennel", r"\ncategories=\(([^)]*)\)"),
             listed("kennel.fish", r"set -l categories ((?:[^\n]*\\\n)*[^\n]*)")]
    assert lists[0] == lists[1] == lists[2], lists
    assert categories <= lists[0], categories - lists[0]
    for word in lists[0]:
        result = subprocess.run([KENNEL, "explain", "off", word, "/"], capture_output=True, check=False)
        assert result.returncode == 0 or word == "net/link", (word, result.stderr)


def test_completions_are_listed_for_installation():
    manifest = (TOP / "configure.py").read_text(encoding="utf-8")
    for path in FOLDER.iterdir():
        assert f"doc/completion/{path.name}" in manifest, path.name


if __name__ == "__main__":
    sys.exit(tap.run(globals(), "completion", sys.argv[1]))
