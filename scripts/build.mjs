// Builds dist/ from src/ with tsc: a clean folder first, so that a deleted source file leaves nothing behind.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
rmSync(`${root}dist`, { recursive: true, force: true });
execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}tsconfig.json`], {
  stdio: 'inherit',
  cwd: root,
});
const main = `${root}dist/cli/main.js`;
if (existsSync(main)) chmodSync(main, 0o755);
