/**
 * The scripts of `plumbline completion`. They hold nothing of the commands: at each Tab they ask the executable, and only put
 * its answer into the shell's own form. What was typed is passed on as it stands, and never evaluated.
 */

const bash = `# bash completion of plumbline; in ~/.bashrc: source <(plumbline completion bash)

_plumbline() {
  # Readline ends words at = and : as well, which end no argument: what is not apart on the line is put together again.
  local line=\${COMP_LINE:0:COMP_POINT} rest piece i
  local -a words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    rest=\${line#"\${line%%[![:space:]]*}"}
    piece=\${COMP_WORDS[i]}
    ((i < COMP_CWORD)) || piece=$rest
    if ((i > 0)) && [[ -n $line && $rest == "$line" ]]; then words[-1]+=$piece; else words+=("$piece"); fi
    line=\${rest#"$piece"}
  done

  local -a answer
  local program=\${COMP_WORDS[0]/#\\~\\//$HOME/}
  mapfile -t answer < <("$program" complete -- "\${words[@]:1}" 2>/dev/null)

  # What stands before the last = or : stays on the line, and is no part of what is put in.
  local current=\${words[-1]} breaks= before= offer
  [[ $COMP_WORDBREAKS != *=* ]] || breaks+==
  [[ $COMP_WORDBREAKS != *:* ]] || breaks+=:
  [[ -z $breaks ]] || before=\${current%"\${current##*[$breaks]}"}
  COMPREPLY=()
  for offer in "\${answer[@]:1}"; do
    offer=\${offer%%$'\\t'*}
    COMPREPLY+=("\${offer#"$before"}")
  done

  ((\${#COMPREPLY[@]} == 0)) || return 0
  case \${answer[0]} in
    files) compopt -o default ;;
    folders) compopt -o dirnames ;;
  esac
}

complete -F _plumbline plumbline
`;

const zsh = `#compdef plumbline
# zsh completion of plumbline; in ~/.zshrc, after compinit: source <(plumbline completion zsh)

_plumbline() {
  local -a answer offers
  local line paths
  answer=("\${(@f)$("\${(Q)words[1]/#\\~\\//$HOME/}" complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  paths=$answer[1]
  for line in "\${(@)answer[2,-1]}"; do
    if [[ $line == *$'\\t'* ]]; then
      offers+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    else
      offers+=("\${line//:/\\\\:}")
    fi
  done
  (( $#offers )) && _describe plumbline offers && return
  compset -P '--*='
  case $paths in
    files) _files ;;
    folders) _files -/ ;;
    *) return 1 ;;
  esac
}

# Loaded by compinit as a function of this name, or read by source.
if [[ $funcstack[1] == _plumbline ]]; then _plumbline "$@"; else compdef _plumbline plumbline; fi
`;

const fish = `# fish completion of plumbline; in ~/.config/fish/config.fish: plumbline completion fish | source

function __plumbline_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer ($words[1] complete -- $words[2..-1] "$current" 2>/dev/null)
    set -l paths $answer[1]
    set -e answer[1]
    if set -q answer[1]
        printf '%s\\n' $answer
        return
    end
    # A path as the value of --option=
    set -l before (string match -r -- '^--[^=]*=' "$current")
    set -l start (string replace -r -- '^--[^=]*=' '' "$current")
    switch "$paths"
        case files
            printf '%s\\n' "$before"(__fish_complete_path "$start")
        case folders
            printf '%s\\n' "$before"(__fish_complete_directories "$start")
    end
end

complete -c plumbline -e
complete -c plumbline -f -a '(__plumbline_complete)'
`;

/** By the shell's name. */
export const SCRIPTS = { bash, zsh, fish } as const;
