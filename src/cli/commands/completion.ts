import { Argument } from 'commander';
import type { Command } from 'commander';

export function define(parent: Command): void {
  parent
    .command('completion')
    .addArgument(new Argument('<shell>', 'your shell').choices(['bash', 'zsh', 'fish']))
    .description('Prints the completion script for a shell.')
    .addHelpText(
      'after',
      `
Examples:
  trainyard completion bash >> ~/.bashrc
  trainyard completion zsh > "\${fpath[1]}/_trainyard"
  trainyard completion fish > ~/.config/fish/completions/trainyard.fish`,
    )
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { completionScript } = await import('../completing.ts');
      process.stdout.write(await completionScript(shell));
    });
}
