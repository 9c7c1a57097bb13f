import { SECOND, type Us } from '../../../sim/time.ts';
import { failed, ok } from '../../host/command.ts';
import { type CommandUsage, parseFlags } from '../../host/flags.ts';
import { releaseText } from '../../vsr/releases.ts';
import { type Context, here, type Run } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'docker',
  about:
    'docker pull IMAGE fetches an image onto this host and changes nothing that runs; docker images and docker ps show what is there. Which image the unit starts stands in /etc/kimberlite/environment (KIMBERLITE_TAG).',
  flags: [],
  positionals: ['pull|images|ps', 'IMAGE'],
  positionalsMin: 1,
};

const PULL_US: Us = 8 * SECOND;

/** `docker pull kimberlite/server:v0.4.0`, `docker images`, `docker ps` on the host of the shell. */
export function* docker(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const [verb, image = ''] = parsed.flags.positionals;
  const { fleet } = ctx;
  const machine = here(ctx);
  const images = fleet.images.get(machine.id);
  if (images === undefined) return failed(127, 'docker: command not found\n');
  switch (verb) {
    case 'pull': {
      const match = /^kimberlite\/server:(v\d+\.\d+\.\d+)$/.exec(image);
      if (match === null) return failed(1, `Error response from daemon: pull access denied for ${image}\n`);
      yield { kind: 'sleep', us: PULL_US };
      images.add(match[1] as string);
      return ok(`Status: Downloaded newer image for ${image}\ndocker.io/${image}\n`);
    }
    case 'images':
      return ok(`REPOSITORY          TAG\n${[...images].map((tag) => `kimberlite/server   ${tag}\n`).join('')}`);
    case 'ps': {
      const release = releaseText(fleet.cluster.releases.of(machine.id));
      const row = machine.isUp ? `kimberlite/server:${release}   Up        kimberlite\n` : '';
      return ok(`IMAGE                      STATUS    NAMES\n${row}`);
    }
    default:
      return failed(1, `docker: '${verb}' is not modelled\n`);
  }
}
