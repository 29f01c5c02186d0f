import { describe, expect, it } from 'vitest';
import { secretVariables } from './load-project-config.ts';
import { TRAIN, problemsOf, read } from './test-config.ts';

describe('hooks in trainyard.yaml', () => {
  it('need a secret and nothing else', () => {
    const { hooks } = read('hooks: {arrived: {secret: "${env:ARRIVED}"}}');
    expect(hooks).toEqual({
      arrived: {
        sender: 'standard',
        secret: '${env:ARRIVED}',
        events: null,
        branches: null,
        circuits_from_body: false,
        pull: false,
        run: TRAIN,
        enabled: true,
      },
    });
  });

  it('keep their secrets from what is trained', () => {
    expect(secretVariables(read('hooks: {arrived: {secret: "${env:ARRIVED}"}}'))).toEqual(['ARRIVED']);
  });

  it('report every mistake with its place and what to write instead', () => {
    expect(
      problemsOf(`hooks:
  plain: {secret: hunter2}
  none: {sender: github}
  both: {secret: "\${env:A}", circuits_from_body: true, run: {circuits: ["p/*"]}}
  scripts: {secret: "\${env:A}", circuits_from_body: true, run: {pipeline: scripts}}
  gate: {secret: "\${env:A}", sender: bitbucket}
`),
    ).toEqual([
      '2:19 hooks.plain.secret: a secret must not stand in the file -> Put it into an environment variable, and write ${env:NAME} here.',
      '3:9 hooks.none.secret: is missing -> Put it into an environment variable, and write ${env:NAME} here.',
      '4:50 hooks.both.circuits_from_body: `circuits` and `circuits_from_body` do not go together -> Leave run.circuits out: the body says which.',
      '5:53 hooks.scripts.circuits_from_body: scripts have no circuits -> Leave it out, or write pipeline: train.',
      expect.stringMatching(/^6:\d+ hooks\.gate\.sender: .*standard.*github/),
    ]);
    expect(problemsOf('hooks: {"no/name": {secret: "${env:A}"}}')).toEqual([
      '1:20 hooks.no/name: `no/name` cannot name a hook -> Use letters, digits, dashes, dots and underscores, at most 64.',
    ]);
    expect(problemsOf('hooks: {a: {secret: "${env:A}", run: {approve: [registry-promotio]}}}')).toEqual([
      expect.stringContaining('there is no gate registry-promotio -> Did you mean registry-promotion?'),
    ]);
  });
});
