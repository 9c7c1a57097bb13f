import { Bash, type CommandName, getCommandNames } from 'just-bash';

/**
 * Commands of just-bash that a rehearsal does not offer: those that are ours (shell-clock.ts, shell.ts), and those that
 * need a worker thread, a browser or a terminal.
 */
const NOT_BUNDLED: readonly string[] = [
  'date', 'sleep', 'timeout', 'time', 'hostname', 'whoami',
  'sqlite3', 'xan', 'html-to-markdown', 'history', 'help', 'clear', 'alias', 'unalias',
]; // biome-ignore format: two rows, two reasons

/** Proof that every command of the shell is in memory; made by {@link loadShell} alone. */
export class LoadedShell {
  readonly bundled: readonly CommandName[];

  constructor(bundled: readonly CommandName[]) {
    this.bundled = bundled;
  }

  has(name: string): boolean {
    return this.bundled.some((each) => each === name);
  }
}

/** Little programs that reach what a command loads only when it works. */
const EXERCISES: readonly string[] = [
  'echo \'{"a":[1]}\' | jq -r ".a[0]"',
  'echo "a b" | awk "{ print \\$2 }"',
  'printf "b\\na\\n" | sort | uniq -c | head -n 1 | tail -n 1 | wc -l',
  'echo abc | grep -E "b+" | sed "s/b/x/" | tr a-z A-Z | cut -c1-2',
  'echo hi > /tmp/f && cat /tmp/f && rm /tmp/f; ls -la /tmp; du -sh /tmp; find /tmp -name "*.x"',
  'printf "%s %05d %(%s)T\\n" a 3 1; x=$((1 + 2)); [[ abc =~ b ]]; echo a | tee /tmp/g | xargs echo',
  'echo "a: 1" | yq .a; echo a | base64 | base64 -d; echo a | md5sum; echo a | sha256sum; seq 3; expr 1 + 2',
  'tar -czf /tmp/x.tgz -C /tmp g; tar -tzf /tmp/x.tgz; gzip -k /tmp/g; gunzip -f /tmp/g.gz',
];

/**
 * Loads all commands of the shell, so that the first use of one costs no more than the next and nothing is imported once
 * a run has begun (R22). Call it once per process, before the ambient guard is installed.
 */
export async function loadShell(): Promise<LoadedShell> {
  const bundled = getCommandNames().filter((name) => !NOT_BUNDLED.includes(name)) as CommandName[];
  const bash = new Bash({ commands: bundled, defenseInDepth: false });
  for (const name of bundled) await bash.exec(`${name} --help`);
  for (const script of EXERCISES) await bash.exec(script);
  return new LoadedShell(bundled);
}
