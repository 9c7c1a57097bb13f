import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Each test has a server of its own: one that is told to end is still there for a while. */
let socket = '';
const present = spawnSync('tmux', ['-V']).status === 0;
if (!present) console.info('skipped: the terminal view end to end: tmux is not installed');

const tmux = (...argv: string[]): string => execFileSync('tmux', ['-L', socket, ...argv], { encoding: 'utf8' });
const screen = (): string => tmux('capture-pane', '-p');
const type = (...keys: string[]): void => void tmux('send-keys', ...keys);
const shows = (text: RegExp): Promise<void> =>
  vi.waitFor(() => expect(screen()).toMatch(text), { timeout: 120_000, interval: 250 });

/** A terminal of its own in which a shell runs the command and says how it ended. Node strips the types. */
function open(columns: number, rows: number, variables = ''): void {
  const command = `${variables} '${process.execPath}' src/cli/main.ts tui scn1-a-systemd --variant literal --seed 1`;
  const line = `stty -a | grep -o ' -\\?icanon'; ${command}; echo "code $?"; stty -a | grep -o ' -\\?icanon'; exec cat`;
  socket = `firedrill-${process.pid}-${variables === '' ? 'plain' : 'no-colour'}`;
  tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), '-c', ROOT, line);
}

// skipped: without tmux there is nothing to type into; the parts are tested with ink-testing-library
describe.skipIf(!present)('the terminal view in tmux', () => {
  afterEach(() => void spawnSync('tmux', ['-L', socket, 'kill-server']));

  it('opens, goes to the failure and back, resizes, lists its keys, and gives the terminal back', async () => {
    open(80, 24);
    await shows(/scn1-a-systemd literal seed 1 .* will fail INV-/);
    type('!');
    await shows(/FAILED INV-DURABLE-ACK/);
    const failure = screen();
    expect(failure).toMatch(/^>\s+\d+\.\d{6} replica-1/m);
    type('PageUp');
    await shows(/will fail/);
    type('PageDown');
    await shows(/FAILED INV-DURABLE-ACK/);
    expect(screen()).toBe(failure);
    type('2');
    await shows(/\[2 terminal\]/);
    await shows(/systemctl restart kimberlite/);
    tmux('resize-window', '-x', '120', '-y', '40');
    await shows(/operator's terminal|\[2 terminal\]/);
    await vi.waitFor(() => expect(screen().split('\n')[0]?.length).toBeGreaterThan(100), { timeout: 120_000 });
    type('?');
    await shows(/next and previous event/);
    type('Escape');
    await shows(/\[2 terminal\]/);
    type('q');
    await shows(/code 0\n icanon/);
    expect(screen()).not.toContain('[2 terminal]');
  }, 600_000);

  it('gives the terminal back when it is ended by a signal', async () => {
    // CI, too, must not keep the view from being drawn.
    open(80, 24, 'CI=true NO_COLOR=1');
    await shows(/will fail INV-/);
    expect(tmux('capture-pane', '-p', '-e')).not.toMatch(/\[(3[0-7]|9[0-7])m/);
    const pid = tmux('display-message', '-p', '#{pane_pid}').trim();
    const child = execFileSync('ps', ['-o', 'pid=', '--ppid', pid], { encoding: 'utf8' }).trim().split(/\s+/)[0] ?? '';
    process.kill(Number(child), 'SIGTERM');
    await shows(/code 143\n icanon/);
  }, 600_000);
});
