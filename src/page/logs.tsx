import { useEffect, useRef } from 'preact/hooks';
import type { LogEntry, ReplicaLogs, ReportDetail } from '../report/model.ts';
import type { TraceModel, TraceState } from '../report/trace-model.ts';
import { Table } from './parts.tsx';
import { countOf, durationOf, grouped, momentOf } from './words.ts';

type NameOf = (host: number) => string;

/** How each replica stood when it failed, or at the end of the part that is shown. */
export function States({ trace, untilUs }: { trace: TraceModel; untilUs: number }) {
  const last = new Map<number, TraceState>();
  for (const state of trace.states) if (untilUs < 0 || state.atUs <= untilUs) last.set(state.host, state);
  const rows = trace.hosts.flatMap((host) => {
    const state = last.get(host.host);
    return state === undefined ? [] : [{ host, state }];
  });
  return (
    <Table heads={['replica', 'status', 'view', 'op', 'commit', 'since']}>
      {rows.map(({ host, state }) => (
        <tr key={host.host}>
          <td>
            {host.name} {state.isPrimary ? '(primary)' : ''}
          </td>
          <td>{state.status}</td>
          <td class="number">{state.view}</td>
          <td class="number">{grouped(state.op)}</td>
          <td class="number">{grouped(state.commit)}</td>
          <td class="number">{momentOf(state.atUs)}</td>
        </tr>
      ))}
    </Table>
  );
}

/** What each replica applied, a row for each op; the first op on which two of them differ is marked. */
export function Logs({ detail: { logs, trace } }: { detail: ReportDetail }) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => showRow(list.current), [logs]);
  const nameOf = (host: number) => trace.hosts.find((each) => each.host === host)?.name ?? `host ${host}`;
  if (logs.rows.length === 0) return <p class="quiet">No replica applied anything.</p>;
  return (
    <>
      <p>
        {logs.firstDisagreement < 0
          ? 'Under no op did a replica apply another entry than the others, or than itself before a restart.'
          : `The first op on which two replicas differ, or one before and after a restart, is ${logs.firstDisagreement}.`}{' '}
        {aroundText(logs)} {logs.rowsLeftOut > 0 ? `${countOf(logs.rowsLeftOut, 'op')} left out.` : ''}
      </p>
      <Differing logs={logs} nameOf={nameOf} />
      <div class="logs" ref={list}>
        <Table heads={['op', ...logs.hosts.map(nameOf)]}>
          {logs.rows.map(({ op, entries }) => (
            <tr key={op} class={toneOf(op, logs)}>
              <td class="number">
                {op}
                <span class="sign">{signOf(op, logs)}</span>
              </td>
              {entries.map((entry, place) => (
                <td key={logs.hosts[place]}>
                  {entry === null ? <span class="quiet">–</span> : <Applied entry={entry} nameOf={nameOf} />}
                </td>
              ))}
            </tr>
          ))}
        </Table>
      </div>
    </>
  );
}

/** The op that the logs are about: the first disagreement, else what the finding names, else the last one by then. */
function aboutOf({ firstDisagreement, findingOp = -1, lastOp = -1 }: ReplicaLogs): number {
  return [firstDisagreement, findingOp].find((op) => op >= 0) ?? lastOp;
}

/** Why this part of the logs is shown where they do not disagree. */
function aroundText(logs: ReplicaLogs): string {
  const { firstDisagreement, findingOp = -1, lastOp = -1 } = logs;
  if (firstDisagreement >= 0 || lastOp < 0) return '';
  return findingOp >= 0
    ? `Around op ${findingOp}, which the finding names.`
    : `Around op ${lastOp}, the last one applied when the run failed, or at its end.`;
}

function toneOf(op: number, logs: ReplicaLogs): string {
  const about = op === aboutOf(logs) ? 'about' : '';
  return op === logs.firstDisagreement ? `disagree ${about}` : op === logs.findingOp ? `named ${about}` : about;
}

function signOf(op: number, { firstDisagreement, findingOp }: ReplicaLogs): string {
  if (op === firstDisagreement) return ' ✗ first disagreement';
  return op === findingOp ? ' ✗ named by the finding' : '';
}

/** Begins at the op that the logs are about; a report of a former release names none but a disagreement. */
function showRow(list: HTMLElement | null): void {
  if (list === null) return;
  const marked = list.querySelector<HTMLElement>('tr.about');
  list.scrollTop = marked === null ? list.scrollHeight : marked.offsetTop - list.clientHeight / 2;
}

/** Each entry of the first disagreement with the replicas that have it: their columns may be too far apart to see both. */
function Differing({ logs, nameOf }: { logs: ReplicaLogs; nameOf: NameOf }) {
  const entries = logs.rows.find(({ op }) => op === logs.firstDisagreement)?.entries ?? [];
  const holders = new Map<string, { readonly entry: LogEntry; readonly names: string[] }>();
  const note = (entry: LogEntry, name: string) => {
    const { view, client, request, hash } = entry;
    const key = [view, client, request, hash].join(' ');
    const known = holders.get(key) ?? { entry, names: [] };
    holders.set(key, known);
    known.names.push(name);
  };
  for (const [place, entry] of entries.entries()) {
    const name = nameOf(logs.hosts[place] ?? -1);
    for (let each = entry ?? undefined; each !== undefined; each = each.before)
      note(each, each === entry ? name : `${name} before a restart`);
  }
  if (holders.size === 0) return null;
  return (
    <ul class="differing">
      {[...holders].map(([key, { entry, names }]) => (
        <li key={key}>
          {names.join(', ')}: <Entry entry={entry} nameOf={nameOf} />
        </li>
      ))}
    </ul>
  );
}

/** One entry in words. A client's id at the protocol is `life * 1024 + host`; the page calls it by its host. */
function Entry({ entry: { view, client, request, hash, atUs }, nameOf }: { entry: LogEntry; nameOf: NameOf }) {
  const who = client === 0 ? 'no client' : `${nameOf(client % 1_024)} request ${request}`;
  return (
    <span title={`applied at ${momentOf(atUs)}${client === 0 ? '' : `; client id ${client}`}`}>
      view {view}, {who} <code>{hash.slice(0, 8)}</code>
    </span>
  );
}

function Applied({ entry, nameOf }: { entry: LogEntry; nameOf: NameOf }) {
  return (
    <>
      <Entry entry={entry} nameOf={nameOf} />
      {entry.before === undefined ? null : (
        <div>
          before a restart: <Applied entry={entry.before} nameOf={nameOf} />
        </div>
      )}
    </>
  );
}

/** What the operator typed and what came back. */
export function Commands({ commands }: { commands: ReportDetail['commands'] }) {
  return (
    <>
      {commands.map((command) => (
        <details key={`${command.step} ${command.startedUs}`} open={!command.asExpected}>
          <summary>
            <span class={`verdict ${command.asExpected ? 'good' : 'bad'}`}>{command.asExpected ? '✓' : '✗'}</span>{' '}
            {command.step} at {momentOf(command.startedUs)}, {durationOf(command.endedUs - command.startedUs)}, exit
            code {command.code}
          </summary>
          <pre>
            {command.on}$ {command.script}
          </pre>
          <pre class="output">{`${command.stdout}${command.stderr}`}</pre>
        </details>
      ))}
    </>
  );
}
