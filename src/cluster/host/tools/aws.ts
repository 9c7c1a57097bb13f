import { failed, type OperatorCommand, ok } from '../command.ts';
import { type CommandUsage, parseFlags } from '../flags.ts';
import type { HostFleet } from '../host-fleet.ts';
import { plainText } from '../wall-time.ts';

const USAGE: CommandUsage = {
  command: 'aws',
  about: 'aws s3 ls s3://BUCKET: lists the backups. Other services are not modelled yet.',
  flags: [],
  positionals: ['s3', 'ls', 'S3-URL'],
  positionalsMin: 3,
};

/** `aws s3 ls s3://backups[/PREFIX]`. */
export const aws: OperatorCommand<HostFleet> = function* (argv, _stdin, ctx) {
  if (argv[0] !== '--help' && (argv[0] !== 's3' || argv[1] !== 'ls')) {
    return failed(2, `aws ${argv.slice(0, 2).join(' ')}: not modelled; only aws s3 ls s3://backups\n`);
  }
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const match = /^s3:\/\/([a-z0-9.-]+)\/?(.*)$/.exec(parsed.flags.positionals[2] as string);
  if (match === null) return failed(2, `aws s3 ls: ${parsed.flags.positionals[2]} is not s3://BUCKET\n`);
  yield { kind: 'sleep', us: 200_000 };
  const objects = ctx.fleet.bucketObjects(match[1] as string);
  if (objects === null) return failed(254, `An error occurred (NoSuchBucket): s3://${match[1]} does not exist\n`);
  const shown = objects.filter((object) => object.name.startsWith(match[2] as string));
  const lines = shown.map(
    (object) => `${plainText(object.atWallMs)} ${String(object.sizeBytes).padStart(12)} ${object.name}\n`,
  );
  return { ...ok(lines.join('')), code: shown.length > 0 ? 0 : 1 };
};
