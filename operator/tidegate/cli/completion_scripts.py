"""Completion scripts for shells. Commands, flags and choices come from the tree of click's commands.

click's own completion starts a process, which takes some 0.4 s, at each Tab; these scripts start none. A script knows
*places*: ``tidegate``, ``tidegate groups``, ``tidegate groups list``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import click

from tidegate.cli import click_commands, click_flags

BASH, ZSH, FISH = SHELLS = ("bash", "zsh", "fish")


class _Option(NamedTuple):
    """A flag, or an argument with the name ``""``.

    :param takes_value: whether a value follows: one of ``choices``, a file, or any text.
    """

    name: str
    help: str
    takes_value: bool
    choices: tuple[str, ...]
    is_file: bool


class _Place(NamedTuple):
    """The words of a command, and the words that can follow them."""

    path: str
    verbs: dict[str, str]
    options: list[_Option]


def script(shell: str, root: click.Command) -> str:
    """The script of this shell for a command and all below it."""
    places = [_place(context) for context in click_commands.walk(root)]
    if shell == FISH:
        return _fish(places)
    return (_BASH if shell == BASH else _ZSH).replace("TABLE\n", _table(places, described=shell == ZSH))


def _place(context: click.Context) -> _Place:
    command = context.command
    verbs = {}
    if isinstance(command, click_commands.Group):
        verbs = dict(command.rows(context, command.list_commands(context)))
    options = [option for param in command.get_params(context) for option in _options(param)]
    return _Place(context.command_path, verbs, options)


def _options(param: click.Parameter) -> Iterator[_Option]:
    text = param.text if isinstance(param, click_flags.Flag) else param.help or ""
    choices = tuple(map(str, param.type.choices)) if isinstance(param.type, click.Choice) else ()
    takes_value = not (isinstance(param, click.Option) and param.is_flag)
    is_file = click_flags.FILE in (param.metavar, param.type.name)
    names = param.names if isinstance(param, click_flags.Flag) else param.opts
    for name in [""] if isinstance(param, click.Argument) else [name for name in names if name.startswith("--")]:
        yield _Option(name, text, takes_value, choices, is_file)


def _table(places: Sequence[_Place], *, described: bool) -> str:
    """The two functions of the scripts for bash and zsh: the words that can follow at a place, and their meaning."""

    def entries(words: dict[str, str]) -> str:
        return " ".join(_quoted(f"{name}:{text}" if described else name) for name, text in words.items())

    follows, means = "", ""
    for place in places:
        flags = [option for option in place.options if option.name]
        switches = {option.name: option.help for option in flags if not option.takes_value}
        takers = {f"{option.name}=": option.help for option in flags if option.takes_value}
        follows += f"    '{place.path}')\n        verbs=({entries(place.verbs)})\n"
        follows += f"        switches=({entries(switches)})\n        takers=({entries(takers)})\n        ;;\n"
        for option in place.options:
            if option.takes_value:
                kind = "file" if option.is_file else "value"
                means += f"    '{place.path} {option.name}') kind={kind} choices=({' '.join(option.choices)}) ;;\n"
        means += "".join(f"    '{place.path} {verb}') kind=verb ;;\n" for verb in place.verbs)
    return _FUNCTIONS.replace("FOLLOWS\n", follows).replace("MEANS\n", means)


def _fish(places: Sequence[_Place]) -> str:
    takers = [f"{place.path} {option.name}" for place in places for option in place.options if option.takes_value]
    verbs = [place.path for place in places]
    lines = [_FISH.replace("TAKERS", " ".join(map(_quoted, takers))).replace("VERBS", " ".join(map(_quoted, verbs)))]
    for place in places:
        begin = f"complete -c tidegate -n '__tidegate_at {place.path}'"
        lines += [f"{begin} -f -a {verb} -d {_quoted(text)}" for verb, text in place.verbs.items()]
        for option in place.options:
            name = f" -l {option.name[2:]}" if option.name else ""
            value = f" -a '{' '.join(option.choices)}'" if option.choices else ""
            how = "" if not option.takes_value else " -r -F" if option.is_file else " -x" if option.name else " -f"
            lines.append(f"{begin}{name}{how}{value} -d {_quoted(option.help)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """The text between single quotes, as all three shells read it."""
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
    # Where bash splits words at =, a flag and its value are three words.
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
