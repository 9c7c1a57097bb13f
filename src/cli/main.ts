#!/usr/bin/env node
// The version gate stands before everything else: whatever is imported statically would be loaded by a Node that may
// not be able to read it, so this file imports nothing.

/** The oldest Node of `engines` in package.json. A test keeps the two equal. */
const NODE_MIN = [22, 18] as const;

const version = process.versions.node;
const [major = 0, minor = 0] = version.split('.').map(Number);
if (major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1])) {
  process.stderr.write(
    `firedrill: Node ${version} is too old, at least ${NODE_MIN.join('.')} is needed\n` +
      '  remedy: npm ci installs the pinned one as node_modules/.bin/node; npx and npm scripts then use it\n',
  );
  process.exitCode = 64;
} else {
  // Node would end with 1 on an error that nobody catches, and 1 says that a run failed.
  process.on('uncaughtException', lost);
  await start().catch(lost);
}

function lost(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`firedrill: an error of firedrill itself, please report it (Node ${version}):\n${text}\n`);
  process.exit(70);
}

async function start(): Promise<void> {
  const { processOutput } = await import('./output.ts');
  const { dispatch } = await import('./dispatch.ts');
  process.exitCode = await dispatch(process.argv.slice(2), processOutput());
}
