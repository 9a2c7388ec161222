"""Completions for shells: what there is, is read off the parser; the rest of each script stands here.

A script knows *places*: ``tidegate``, ``tidegate groups``, ``tidegate groups list``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tidegate import flags
from tidegate.cli import parser as parsers
from tidegate.cli import values

BASH, ZSH, FISH = SHELLS = ("bash", "zsh", "fish")

EPILOG = """\
examples:
  tidegate completions bash     for this shell: eval "$(tidegate completions bash)"
                                for all: in /usr/share/bash-completion/completions/tidegate
  tidegate completions zsh      for all: as _tidegate in a folder of $fpath
  tidegate completions fish     for all: as ~/.config/fish/completions/tidegate.fish
"""

_FILE = values.FORMS[flags.Kind.FILE].metavar


class _Option(NamedTuple):
    """A flag, or with the name ``""`` what stands without one.

    :param takes: whether a value belongs to it, which may be one of ``choices``, or a file.
    """

    name: str
    help: str
    takes: bool
    choices: tuple[str, ...]
    file: bool


class _Place(NamedTuple):
    """Where a command is entered: the words so far, and what can follow."""

    path: str
    verbs: dict[str, str]
    options: list[_Option]


def add_argument(parser: parsers.Parser) -> None:
    """The shell to write a script for."""
    parser.add_flag("shell", "The shell.", choices=SHELLS)


def script(shell: str, parser: parsers.Parser) -> str:
    """What this shell is to read."""
    places = list(_places(parser))
    if shell == FISH:
        return _fish(places)
    return (_BASH if shell == BASH else _ZSH).replace("TABLE\n", _table(places, described=shell == ZSH))


def _places(parser: parsers.Parser) -> Iterator[_Place]:
    place = _Place(parser.prog, {}, [])
    below: list[parsers.Parser] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            place.verbs.update({verb.dest: verb.help or "" for verb in action._choices_actions})
            below += action.choices.values()
        else:
            place.options.extend(_options(parser, action))
    yield place
    for each in below:
        yield from _places(each)


def _options(parser: parsers.Parser, action: argparse.Action) -> Iterator[_Option]:
    told = str(parser.told[action.dest]) if action.dest in parser.told else action.help or ""
    choices = tuple(map(str, action.choices or ()))
    for name in [name for name in action.option_strings if name.startswith("--")] or [""]:
        file = action.metavar == _FILE
        yield _Option(name, told, takes=action.nargs != 0, choices=choices, file=file)


def _table(places: Sequence[_Place], *, described: bool) -> str:
    """Two functions in what bash and zsh have in common: what can follow at a place, and what a word there is."""

    def entries(told: dict[str, str]) -> str:
        return " ".join(_quoted(f"{name}:{text}" if described else name) for name, text in told.items())

    follows, means = "", ""
    for place in places:
        flags = [option for option in place.options if option.name]
        switches = {option.name: option.help for option in flags if not option.takes}
        takers = {f"{option.name}=": option.help for option in flags if option.takes}
        follows += f"    '{place.path}')\n        verbs=({entries(place.verbs)})\n"
        follows += f"        switches=({entries(switches)})\n        takers=({entries(takers)})\n        ;;\n"
        for option in place.options:
            if option.takes:
                kind = "file" if option.file else "value"
                means += f"    '{place.path} {option.name}') kind={kind} choices=({' '.join(option.choices)}) ;;\n"
        means += "".join(f"    '{place.path} {verb}') kind=verb ;;\n" for verb in place.verbs)
    return _FUNCTIONS.replace("FOLLOWS\n", follows).replace("MEANS\n", means)


def _fish(places: Sequence[_Place]) -> str:
    takers = [f"{place.path} {option.name}" for place in places for option in place.options if option.takes]
    verbs = [place.path for place in places]
    lines = [_FISH.replace("TAKERS", " ".join(map(_quoted, takers))).replace("VERBS", " ".join(map(_quoted, verbs)))]
    for place in places:
        begin = f"complete -c tidegate -n '__tidegate_at {place.path}'"
        lines += [f"{begin} -f -a {verb} -d {_quoted(text)}" for verb, text in place.verbs.items()]
        for option in place.options:
            name = f" -l {option.name[2:]}" if option.name else ""
            value = f" -a '{' '.join(option.choices)}'" if option.choices else ""
            how = "" if not option.takes else " -r -F" if option.file else " -x" if option.name else " -f"
            lines.append(f"{begin}{name}{how}{value} -d {_quoted(option.help)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Between single quotes, as all of them read it."""
    return "'" + text.replace("'", r"'\''") + "'"


_FUNCTIONS = """\
_tidegate_follows() {
    verbs=() switches=() takers=()
    case $1 in
FOLLOWS
    esac
}

_tidegate_means() {
    kind= choices=()
    case $1 in
MEANS
    esac
}
"""

_BASH = """\
# tidegate completions bash
TABLE
_tidegate() {
    local place=tidegate word flag= kind= before= current=
    local -a verbs switches takers choices words=()
    local -i number=0
    # Where bash cuts at = a flag and its value are three words.
    for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ $number -gt 0 && ${words[number - 1]} == --* && ($word == = || $before == =) ]]; then
            words[number - 1]+=$word
        else
            words[number]=$word number+=1
        fi
        before=$word
    done
    current=${words[number - 1]}
    for word in "${words[@]:0:number - 1}"; do
        if [[ $flag ]]; then flag=; continue; fi
        _tidegate_means "$place $word"
        case $kind in
        verb) place+=" $word" ;;
        file | value) flag=$word ;;
        esac
    done
    COMPREPLY=()
    if [[ ! $flag && $current == --*=* ]]; then
        flag=${current%%=*} before=$flag= current=${current#*=}
        [[ $COMP_WORDBREAKS != *=* ]] || before=
    else
        before=
    fi
    _tidegate_follows "$place"
    _tidegate_means "$place $flag"
    local IFS=$'\\n'
    if [[ ! $flag && $current == -* ]]; then
        COMPREPLY=($(compgen -W "${switches[*]}$IFS${takers[*]}" -- "$current"))
        [[ ${#COMPREPLY[@]} -ne 1 || $COMPREPLY != *= ]] || compopt -o nospace
    elif [[ $kind == file ]]; then
        compopt -o filenames
        COMPREPLY=($(compgen -P "$before" -f -- "$current"))
    elif [[ $flag ]]; then
        COMPREPLY=($(compgen -P "$before" -W "${choices[*]}" -- "$current"))
    else
        COMPREPLY=($(compgen -W "${verbs[*]}$IFS${choices[*]}" -- "$current"))
    fi
}

complete -F _tidegate tidegate
"""

_ZSH = """\
#compdef tidegate
TABLE
_tidegate() {
    local place=tidegate word flag= kind=
    local -a verbs switches takers choices
    for word in "${(@)words[2,CURRENT-1]}"; do
        if [[ -n $flag ]]; then flag=; continue; fi
        _tidegate_means "$place $word"
        case $kind in
        verb) place+=" $word" ;;
        file | value) flag=$word ;;
        esac
    done
    if [[ -z $flag && $PREFIX == --*=* ]]; then
        flag=${PREFIX%%=*}
        compset -P '*='
    fi
    _tidegate_follows "$place"
    _tidegate_means "$place $flag"
    if [[ -z $flag && $PREFIX == -* ]]; then
        _describe -o flag switches
        _describe -o flag takers -S ''
    elif [[ $kind == file ]]; then
        _files
    elif [[ -n $flag ]]; then
        compadd -a choices
    else
        _describe command verbs
        compadd -a choices
    fi
}

if [[ $funcstack[1] == _tidegate ]]; then
    _tidegate "$@"
else
    compdef _tidegate tidegate
fi
"""

_FISH = """\
# tidegate completions fish
function __tidegate_at
    set -l place tidegate
    set -l value 0
    for word in (commandline -opc)[2..-1]
        if test $value = 1
            set value 0
        else if contains -- "$place $word" TAKERS
            set value 1
        else if contains -- "$place $word" VERBS
            set place "$place $word"
        end
    end
    test "$place" = "$argv"
end
complete -c tidegate -f"""
