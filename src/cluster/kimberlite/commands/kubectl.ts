import { SECOND, type Us } from '../../../sim/time.ts';
import { type CommandResult, failed, ok } from '../../host/command.ts';
import { type CommandUsage, type Flags, parseFlags } from '../../host/flags.ts';
import { journalText } from '../../host/tools/journal.ts';
import { parseDurationUs } from '../../host/wall-time.ts';
import type { KimberliteFleet } from '../fleet.ts';
import type { Pod, StatefulSet } from '../stateful-set.ts';
import type { Context, Run } from './ask.ts';

const USAGE: CommandUsage = {
  command: 'kubectl',
  about:
    'Talks to the Kubernetes that runs the replicas: get pods|pvc|statefulset, delete pod, exec POD -- kill 1, logs, set image, rollout status, patch statefulset (updateStrategy). Without a namespace it looks in `default`; the cluster is in `production`.',
  flags: [
    { name: 'namespace', short: 'n', kind: 'text', help: 'namespace; default without it' },
    { name: 'patch', short: 'p', kind: 'text', help: 'patch: JSON, merged' },
    { name: 'timeout', kind: 'text', help: 'rollout status: give up after this (without: never)' },
    { name: 'tail', kind: 'integer', help: 'logs: only the newest N lines' },
  ],
  positionals: ['VERB', 'RESOURCE', 'NAME'],
  positionalsMin: 1,
  rest: true,
};

const CALL_US: Us = 200_000;
const POLL_US: Us = SECOND;
const FOREVER_US: Us = 30 * 86_400 * SECOND;
const NAMESPACE = 'production';
const NAME = 'kimberlite';

function notFound(kind: string, name: string): CommandResult {
  return failed(1, `Error from server (NotFound): ${kind} "${name}" not found\n`);
}

function podName(pod: Pod): string {
  return `${NAME}-${pod.host}`;
}

function findPod(set: StatefulSet | null, name: string): Pod | null {
  return set?.pods.find((pod) => podName(pod) === name) ?? null;
}

/** `kubectl VERB ...` against the fleet's stateful set. */
export function* kubectl(argv: readonly string[], _stdin: string, ctx: Context): Run {
  const parsed = parseFlags(USAGE, argv);
  if (!parsed.ok) return parsed.result;
  const { flags } = parsed;
  const words = [...flags.positionals];
  const { fleet } = ctx;
  yield { kind: 'sleep', us: CALL_US };
  // A set in another namespace is another set, and there is none.
  const set = (flags.text('namespace') ?? 'default') === NAMESPACE ? fleet.statefulSet : null;
  // `statefulset/kimberlite` is `statefulset kimberlite`.
  const flat = words.flatMap((word) => (/^[a-z]+\/[a-z0-9-]+$/.test(word) ? word.split('/') : [word]));
  const [verb, second = '', third = ''] = flat;
  switch (verb) {
    case 'get':
      return get(fleet, set, second);
    case 'delete':
      return second === 'pod' ? yield* deletePod(set, third) : unknown(words);
    case 'exec':
      return exec(set, second, flat.slice(2));
    case 'logs':
      return logs(fleet, set, second, flags.integer('tail'));
    case 'set':
      return second === 'image' ? setImage(set, words.slice(2)) : unknown(words);
    case 'patch':
      return patch(set, third, flags);
    case 'rollout':
      return second === 'status' ? yield* rolloutStatus(ctx, set, flat.slice(2), flags) : unknown(words);
    default:
      return unknown(words);
  }
}

function unknown(words: readonly string[]): CommandResult {
  return failed(1, `error: kubectl ${words.join(' ')}: not modelled; try kubectl --help\n`);
}

function get(fleet: KimberliteFleet, set: StatefulSet | null, resource: string): CommandResult {
  if (set === null) return { stdout: '', stderr: 'No resources found.\n', code: 0 };
  const kind = resource.replace(/s$/, '');
  if (kind === 'pod' || kind === 'po') {
    const rows = set.pods.map((pod) => {
      const ready = pod.ready ? '1/1' : '0/1';
      const ageS = Math.floor((fleet.world.nowUs - pod.createdUs) / SECOND);
      return `${podName(pod)}   ${ready}     ${set.phaseOf(pod).padEnd(18)} ${String(pod.restarts).padEnd(10)} ${ageS}s   kimberlite/server:${pod.tag}\n`;
    });
    return ok(`NAME           READY   STATUS             RESTARTS   AGE   IMAGE\n${rows.join('')}`);
  }
  if (kind === 'pvc') {
    if (set.volume !== 'claim')
      return { stdout: '', stderr: `No resources found in ${NAMESPACE} namespace.\n`, code: 0 };
    const rows = set.pods.map((pod) => `data-${podName(pod)}   Bound    pvc-${pod.host}\n`);
    return ok(`NAME                STATUS   VOLUME\n${rows.join('')}`);
  }
  if (kind === 'statefulset' || kind === 'st') {
    const ready = set.pods.filter((pod) => pod.ready).length;
    const how = set.strategy === 'RollingUpdate' ? `RollingUpdate partition=${set.partition}` : set.strategy;
    return ok(
      `NAME         READY   IMAGE                      UPDATE\n${NAME}   ${ready}/${set.pods.length}     kimberlite/server:${set.tag}   ${how}\n`,
    );
  }
  return failed(1, `error: the server doesn't have a resource type "${resource}"\n`);
}

/** Waits until the pod is gone, as kubectl does; its successor has the same name. */
function* deletePod(set: StatefulSet | null, name: string): Run {
  const pod = findPod(set, name);
  if (pod === null || set === null) return notFound('pods', name);
  set.deletePod(pod, `kubectl delete pod ${name}`);
  const gone = (): boolean => pod.terminatingUs < 0;
  yield { kind: 'until', poll: gone, everyUs: POLL_US, timeoutUs: FOREVER_US };
  return ok(`pod "${name}" deleted\n`);
}

function exec(set: StatefulSet | null, name: string, command: readonly string[]): CommandResult {
  const pod = findPod(set, name);
  if (pod === null || set === null) return notFound('pods', name);
  if (set.phaseOf(pod) !== 'Running') return failed(1, `error: container of pod ${name} is not running\n`);
  if (!/^kill( -\S+)? 1$/.test(command.join(' '))) {
    return failed(1, `error: kubectl exec ${name}: only \`kill 1\` is modelled\n`);
  }
  set.killContainer(pod, `kubectl exec ${name} -- kill 1`);
  return ok('');
}

function logs(fleet: KimberliteFleet, set: StatefulSet | null, name: string, tail: number | undefined): CommandResult {
  const pod = findPod(set, name);
  if (pod === null) return notFound('pods', name);
  const machine = fleet.machineOfReplica(pod.host);
  const lines = machine.journal.filter((line) => line.unit === fleet.unit);
  const shown = tail === undefined ? lines : tail === 0 ? [] : lines.slice(-tail);
  fleet.keepEvidence('journal-excerpt', machine.id, 'kubectl logs');
  return ok(shown.map((line) => journalText(fleet, machine, line)).join(''));
}

/** `set image statefulset/kimberlite kimberlite=kimberlite/server:TAG`: changes the template of the whole set. */
function setImage(set: StatefulSet | null, words: readonly string[]): CommandResult {
  if (words[0] !== `statefulset/${NAME}` || set === null) {
    return notFound('statefulsets.apps', (words[0] ?? '').replace('statefulset/', ''));
  }
  const match = /^kimberlite=kimberlite\/server:(v\d+\.\d+\.\d+)$/.exec(words[1] ?? '');
  if (match === null) return failed(1, `error: ${words[1] ?? ''} is not kimberlite=kimberlite/server:TAG\n`);
  return ok(set.setImage(match[1] as string) ? `statefulset.apps/${NAME} image updated\n` : '');
}

/** `patch statefulset kimberlite -p JSON`: of a set's specification only its updateStrategy can be patched here. */
function patch(set: StatefulSet | null, name: string, flags: Flags): CommandResult {
  if (set === null || name !== NAME) return notFound('statefulsets.apps', name);
  const text = (flags.text('patch') ?? '').replaceAll(/\s/g, '');
  const match =
    /^\{"spec":\{"updateStrategy":\{(?:"type":"(OnDelete|RollingUpdate)")?,?(?:"rollingUpdate":(?:null|\{"partition":(\d)\}))?\}\}\}$/.exec(
      text,
    );
  if (match === null) return failed(1, 'error: only spec.updateStrategy can be patched here\n');
  if (match[1] === 'OnDelete' || match[1] === 'RollingUpdate') set.strategy = match[1];
  if (match[2] !== undefined) set.partition = Number(match[2]);
  return ok(`statefulset.apps/${NAME} patched\n`);
}

/** Blocks until the controller has nothing left to change and all changed pods are ready. */
function* rolloutStatus(ctx: Context, set: StatefulSet | null, words: readonly string[], flags: Flags): Run {
  if (set === null || words[1] !== NAME) return notFound('statefulsets.apps', words[1] ?? '');
  if (set.strategy === 'OnDelete') {
    return failed(1, 'error: rollout status is only available for RollingUpdate strategy type\n');
  }
  const text = flags.text('timeout');
  const timeoutUs = text === undefined ? FOREVER_US : parseDurationUs(text);
  if (timeoutUs === null) return failed(1, `error: invalid duration ${text}\n`);
  const done = (): boolean => set.outdated().length === 0 && set.pods.every((pod) => pod.ready);
  const waiting = `Waiting for ${set.outdated().length} pods to be updated...\n`;
  if (!done()) ctx.print(waiting);
  const came = yield { kind: 'until', poll: done, everyUs: POLL_US, timeoutUs };
  if (!came) return failed(1, 'error: timed out waiting for the condition\n');
  const what = set.partition > 0 ? 'partitioned roll out complete' : 'statefulset rolling update complete';
  return ok(`${what}: ${set.pods.length} pods at revision ${set.tag}\n`);
}
