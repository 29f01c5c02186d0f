import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../kernel/errors.ts';
import { bindCommand } from './bind-command.ts';

const bind = (command: string, inputs: Record<string, string> = {}, outputs: Record<string, string> = {}) =>
  bindCommand(command, { inputs, outputs });

/** What a program is given, whichever way the command runs; it must be `show` followed by words. */
function argvOf(command: string, inputs: Record<string, string>): string[] {
  const bound = bind(command.replace('show', "/usr/bin/printf '%s\\0'"), inputs);
  const [program = '', ...rest] = 'argv' in bound ? bound.argv : ['bash', '--norc', '-c', bound.shell.script];
  const variables = 'argv' in bound ? {} : bound.shell.variables;
  const ran = spawnSync(program, rest, {
    env: { PATH: process.env['PATH'], ...variables },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect(ran.stderr).toBe('');
  return ran.stdout.split('\0').slice(0, -1);
}

const HOSTILE = [
  '$(touch /tmp/pwned)',
  '`id`',
  '"; exit 3; "',
  "'; exit 3; '",
  'a b\nc',
  '*',
  '~',
  '$HOME',
  '\\',
  '-n',
  '',
  '!!',
  '{a,b}',
  'é"\'$x',
  '#',
  '${IFS}',
];

describe('bindCommand', () => {
  it('starts simple words without a shell', () => {
    expect(
      bind(
        'python train.py --data ${{inputs.data}} --out=${{ outputs.model }}/m',
        { data: '/a b' },
        { model: '/o' },
      ),
    ).toEqual({
      argv: ['python', 'train.py', '--data', '/a b', '--out=/o/m'],
    });
  });

  it('understands quotes, escapes and continued lines as a shell does', () => {
    expect(bind(`python -u "my train.py" 'a"b' c\\ d "e\\"f\\g" '' \\\n  --x=1\n`)).toEqual({
      argv: ['python', '-u', 'my train.py', 'a"b', 'c d', 'e"f\\g', '', '--x=1'],
    });
  });

  it.each([
    'cd src && python a.py',
    'python a.py | tee log',
    'echo $HOME',
    'A=1 python a.py',
    'ls *.py',
    'cd src',
    'a\nb',
    'python "$X"',
    'echo {a,b}',
  ])('gives %s to a shell as it is', (command) => {
    expect(bind(command)).toEqual({ shell: { script: command, variables: {} } });
  });

  it('hands values to a shell in variables, quoted as their place needs it', () => {
    const command = `cd /x && python a.py \${{inputs.lr}} "a \${{inputs.lr}}" 'b \${{inputs.lr}}' $'c \${{inputs.lr}}' > \${{outputs.model}}/log`;
    expect(bind(command, { lr: '0.1' }, { model: '/m' })).toEqual({
      shell: {
        script: `cd /x && python a.py "\${TRAINYARD_INPUT_LR}" "a \${TRAINYARD_INPUT_LR}" 'b '"\${TRAINYARD_INPUT_LR}"'' $'c '"\${TRAINYARD_INPUT_LR}"$'' > "\${TRAINYARD_OUTPUT_MODEL}"/log`,
        variables: { TRAINYARD_INPUT_LR: '0.1', TRAINYARD_OUTPUT_MODEL: '/m' },
      },
    });
  });

  it('keeps inputs apart whose names differ only in case', () => {
    const bound = bind('true; echo ${{inputs.a}} ${{inputs.A}}', { a: '1', A: '2' });
    expect(bound).toMatchObject({
      shell: { variables: { TRAINYARD_INPUT_A: '1', TRAINYARD_INPUT_A__2: '2' } },
    });
  });

  it.each(HOSTILE)('hands over %j unchanged, with and without a shell', (value) => {
    const words =
      'show ${{inputs.v}} x${{inputs.v}}y "${{inputs.v}}" \'${{inputs.v}}\' "q ${{inputs.v}} "\'${{inputs.v}}\'';
    const expected = [value, `x${value}y`, value, value, `q ${value} ${value}`];
    expect(argvOf(words, { v: value })).toEqual(expected);
    expect(argvOf(`true && ${words}`, { v: value })).toEqual(expected);
    expect(argvOf(`if true; then\n  # it's a comment with ' and "\n  (${words})\nfi`, { v: value })).toEqual(
      expected,
    );
    expect(argvOf(`cat > /dev/null <<'EOF'\nit's "open\nEOF\n${words}`, { v: value })).toEqual(expected);
  });

  it('keeps a value inside a command substitution in one piece', () => {
    expect(
      argvOf('true; show "$(printf %s "${{inputs.v}}")" "a$(printf %s ${{inputs.v}})"', {
        v: '$(id) "x"  y',
      }),
    ).toEqual(['$(id) "x"  y', 'a$(id) "x"  y']);
  });

  it('gives programs the same words with and without a shell, whatever the values', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab $`"\'\\;&|<>(){}[]*?~#!=\n\té') });
    const safe = fc.string({ unit: fc.constantFrom(...'abz019-_/.,:@%+') });
    const part = fc.oneof(
      safe.map((s) => ({ source: s, argument: () => s })),
      safe.map((s) => ({ source: `"${s} "`, argument: () => `${s} ` })),
      safe.map((s) => ({ source: `'${s}$x'`, argument: () => `${s}$x` })),
      fc.constantFrom('a', 'b').chain((name) =>
        fc.constantFrom('', "'", '"').map((q) => ({
          source: `${q}\${{inputs.${name}}}${q}`,
          argument: (v: Record<string, string>) => v[name] ?? '',
        })),
      ),
    );
    const word = fc.array(part, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 5 }),
        text,
        text,
        fc.boolean(),
        (words, a, b, shell) => {
          const values = { a, b };
          const source = words.map((parts) => parts.map((p) => p.source).join(''));
          // A word of empty unquoted parts is no word.
          const kept = words.filter((_, i) => source[i] !== '');
          fc.pre(kept.length > 0);
          const expected = kept.map((parts) => parts.map((p) => p.argument(values)).join(''));
          expect(argvOf(`${shell ? 'true; ' : ''}show ${source.join(' ')}`, values)).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each([
    ['bash -c "python a.py ${{inputs.v}}"', 'the program text of bash'],
    ["sh -ec 'x ${{inputs.v}}'", 'the program text of sh'],
    ["true; /usr/bin/python3 -u -c 'print(${{inputs.v}})'", 'the program text of /usr/bin/python3'],
    ['eval "x ${{inputs.v}}"', 'eval'],
    ['if A=1 eval ${{inputs.v}}; then x; fi', 'eval'],
    ['trap "rm ${{inputs.v}}" EXIT', 'trap'],
    ['echo $((1 + ${{inputs.v}}))', 'arithmetic'],
    ['(( x = ${{inputs.v}} ))', 'arithmetic'],
    ['echo $[${{inputs.v}}]', 'arithmetic'],
    ['echo `x ${{inputs.v}}`', 'backticks'],
    ['echo ${x:-${{inputs.v}}}', 'inside ${ … }'],
    ['echo "${x:-"${{inputs.v}}"}"', 'inside ${ … }'],
    ['[[ ${{inputs.v}} -eq 1 ]] && x', 'compared as a number'],
    ['[[ 1 -lt "${{inputs.v}}" ]] && x', 'compared as a number'],
    ['a[${{inputs.v}}]=1', 'index'],
    ['cat <<EOF\n${{inputs.v}}\nEOF', 'here-document'],
    ["python - <<'EOF'\nx = '${{inputs.v}}'\nEOF", 'here-document'],
    ['echo \\${{inputs.v}}', 'backslash'],
    ['echo "$${{inputs.v}}"', 'a $ stands'],
  ])('refuses %j, where a value would be run', (command, why) => {
    expect(() => bind(command, { v: '1' })).toThrow(why);
  });

  it.each([
    'python train.py -c ${{inputs.v}}',
    'python -m tool -e ${{inputs.v}}',
    'python main.py eval ${{inputs.v}}',
    '[[ ${{inputs.v}} == fast ]] && x',
    '[ ${{inputs.v}} -eq 1 ] && x',
    'export X=${{inputs.v}} && x',
    'echo $((1 + 2)) ${{inputs.v}}',
    'cat <<EOF\nx\nEOF\necho ${{inputs.v}}',
    'case a in a) echo ${{inputs.v}};; esac',
  ])('accepts %j', (command) => {
    expect(() => bind(command, { v: '1' })).not.toThrow();
  });

  it('refuses a placeholder without a value, a zero byte and an empty command', () => {
    expect(() => bind('x ${{inputs.constructor}}')).toThrow(UsageError);
    expect(() => bind('x ${{inputs.v}}', { v: 'a\0b' })).toThrow('zero byte');
    expect(() => bind('  ')).toThrow('empty');
    expect(() => bind('x ${{whatever}}')).toThrow('is no placeholder');
  });
});
