#!/usr/bin/env -S node --max-semi-space-size=8
// The front door, plain JavaScript: an old Node must get one clear line instead of a syntax error.
const { existsSync } = await import('node:fs');
const source = new URL('../src/main.ts', import.meta.url);
const checkout = existsSync(source);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `error: Trainyard needs Node 22.18 or later; this is Node ${process.versions.node}.\n` +
      (checkout
        ? 'hint: In this checkout `npm run trainyard -- --help` uses the Node that `npm ci` brought along.\n'
        : 'hint: Install a current Node, or run it with one from npm: npx -p node@24 -p trainyard trainyard --help\n'),
  );
  process.exit(2);
}
// In a folder of the user's own: what lies in one for everybody could be anybody's code.
const { enableCompileCache } = await import('node:module');
const { join } = await import('node:path');
const { homedir } = await import('node:os');
const { NODE_COMPILE_CACHE: named, XDG_CACHE_HOME: caches } = process.env;
try {
  enableCompileCache?.(named ?? join(caches || join(homedir(), '.cache'), 'trainyard', 'compiled'));
} catch {
  // Nobody without a home needs it.
}
// A checkout runs from source, the published package from dist.
await import(checkout ? source.href : new URL('../dist/main.js', import.meta.url).href);
