import { Command } from 'commander';
import { CATALOG } from './catalog.ts';

interface Word {
  readonly path: string;
  readonly names: readonly { readonly name: string; readonly summary: string }[];
  readonly flags: readonly { readonly name: string; readonly summary: string }[];
}

/** The completion script of a shell, made from the very commands and flags. */
export async function completionScript(shell: 'bash' | 'zsh' | 'fish'): Promise<string> {
  const words = await allWords();
  switch (shell) {
    case 'bash':
      return bash(words);
    case 'zsh':
      return zsh(words);
    case 'fish':
      return fish(words);
    default:
      return shell satisfies never;
  }
}

async function allWords(): Promise<Word[]> {
  const program = new Command('trainyard');
  for (const entry of CATALOG) (await entry.load()).define(program);
  const words: Word[] = [];
  const walk = (command: Command, path: string): void => {
    words.push({
      path,
      names: command.commands.map((c) => ({
        name: c.name(),
        summary: c.description().split('.', 1)[0] ?? '',
      })),
      flags: command.options
        .filter((o) => o.long != null)
        .map((o) => ({ name: o.long ?? '', summary: o.description })),
    });
    for (const child of command.commands) walk(child, path === '' ? child.name() : `${path} ${child.name()}`);
  };
  walk(program, '');
  return words;
}

function bash(words: readonly Word[]): string {
  const cases = words
    .map(
      (w) =>
        `    "${w.path}") words="${[...w.names.map((n) => n.name), ...w.flags.map((f) => f.name)].join(' ')}" ;;`,
    )
    .join('\n');
  return `# bash completion for trainyard
_trainyard() {
  local path="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] && continue
    case " ${words.map((w) => w.path.replaceAll(' ', '/')).join(' ')} " in
      *" \${path:+$path/}$word "*) path="\${path:+$path/}$word" ;;
    esac
  done
  case "\${path//\\// }" in
${cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _trainyard trainyard
`;
}

function zsh(words: readonly Word[]): string {
  const quote = (text: string): string => `'${text.replaceAll("'", "'\\''").replaceAll(':', '\\:')}'`;
  const cases = words
    .map((w) => {
      const items = [...w.names, ...w.flags]
        .map((i) => `'${i.name.replaceAll(':', '\\:')}:'${quote(i.summary)}`)
        .join(' ');
      return `    "${w.path}") items=(${items}) ;;`;
    })
    .join('\n');
  return `#compdef trainyard
_trainyard() {
  local -a items
  local path="" word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ $word == -* ]] && continue
    case " ${words.map((w) => w.path.replaceAll(' ', '/')).join(' ')} " in
      *" \${path:+$path/}$word "*) path="\${path:+$path/}$word" ;;
    esac
  done
  case "\${path//\\// }" in
${cases}
  esac
  _describe 'trainyard' items || _files
}
if [ "$funcstack[1]" = "_trainyard" ]; then _trainyard "$@"; else compdef _trainyard trainyard; fi
`;
}

function fish(words: readonly Word[]): string {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines: string[] = ['# fish completion for trainyard'];
  for (const w of words) {
    const [first, second] = w.path.split(' ');
    const when =
      first === undefined || first === ''
        ? '__fish_use_subcommand'
        : second === undefined
          ? `__fish_seen_subcommand_from ${first}`
          : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`;
    for (const n of w.names)
      lines.push(`complete -c trainyard -n ${quote(when)} -a ${n.name} -d ${quote(n.summary)}`);
    for (const f of w.flags)
      lines.push(`complete -c trainyard -n ${quote(when)} -l ${f.name.slice(2)} -d ${quote(f.summary)}`);
  }
  return `${lines.join('\n')}\n`;
}
