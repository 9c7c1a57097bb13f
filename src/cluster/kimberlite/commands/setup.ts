import { failed, type OperatorCommand, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import type { KimberliteFleet } from '../fleet.ts';

type Command = OperatorCommand<KimberliteFleet>;

const BACKUP: CommandUsage = {
  command: 'setup-backup',
  about: 'Lets the nightly job copy the zones of a running replica into s3://backups. For `prepare` steps.',
  flags: [
    { name: 'name', kind: 'text', help: 'object in the bucket, such as latest', required: true },
    { name: 'replica-id', kind: 'integer', help: 'which replica is copied', required: true },
  ],
  positionals: [],
  positionalsMin: 0,
};

const GROWTH: CommandUsage = {
  command: 'setup-growth',
  about: 'Says what fills the data disk of a replica: log segments, or local backups. For `prepare` steps.',
  flags: [
    { name: 'kind', kind: 'text', help: 'log or backup', required: true },
    { name: 'replica-id', kind: 'integer', help: 'which replica', required: true },
    { name: 'cold-percent', kind: 'integer', help: 'share of the log segments that was written before 2025' },
  ],
  positionals: [],
  positionalsMin: 0,
};

// biome-ignore lint/correctness/useYield: the job's own duration is not part of the incident
const backup: Command = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(BACKUP, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const host = fleet.hostOfReplica(parsed.flags.integer('replica-id') as number);
  if (host < 0) return failed(2, `${BACKUP.command}: no such replica\n`);
  const snapshot = fleet.takeBackup(parsed.flags.text('name') as string, host);
  return ok(`backed up to op ${snapshot.op}\n`);
};

// biome-ignore lint/correctness/useYield: a statement about the scene takes no time
const growth: Command = function* (argv, _stdin, ctx) {
  const parsed = parseFlags(GROWTH, argv);
  if (!parsed.ok) return parsed.result;
  const { fleet } = ctx;
  const host = fleet.hostOfReplica(parsed.flags.integer('replica-id') as number);
  if (host < 0) return failed(2, `${GROWTH.command}: no such replica\n`);
  fleet.fillKinds.set(host, parsed.flags.text('kind') === 'backup' ? 'backup' : 'log/segments');
  fleet.coldPercents.set(host, Math.min(100, parsed.flags.integer('cold-percent') ?? 0));
  return ok('noted\n');
};

/** Commands that set a rehearsal's scene; no runbook knows them. */
export const SETUP: readonly (readonly [string, Command])[] = [
  ['setup-backup', backup],
  ['setup-growth', growth],
];
