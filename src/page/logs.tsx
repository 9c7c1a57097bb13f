import { useEffect, useRef } from 'preact/hooks';
import type { LogEntry, ReportDetail } from '../report/model.ts';
import type { TraceModel, TraceState } from '../report/trace-model.ts';
import { Table } from './parts.tsx';
import { countOf, durationOf, grouped, momentOf } from './words.ts';

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
        {logs.rowsLeftOut > 0 ? `${countOf(logs.rowsLeftOut, 'op')} left out.` : ''}
      </p>
      <div class="logs" ref={list}>
        <Table heads={['op', ...logs.hosts.map(nameOf)]}>
          {logs.rows.map(({ op, entries }) => (
            <tr key={op} class={op === logs.firstDisagreement ? 'disagree' : ''}>
              <td class="number">
                {op}
                {op === logs.firstDisagreement ? ' ✗ first disagreement' : ''}
              </td>
              {entries.map((entry, place) => (
                <td key={logs.hosts[place]}>
                  {entry === null ? <span class="quiet">–</span> : <Applied entry={entry} />}
                </td>
              ))}
            </tr>
          ))}
        </Table>
      </div>
    </>
  );
}

/** Begins at the first disagreement, else at the end, where the run stood when it failed. */
function showRow(list: HTMLElement | null): void {
  if (list === null) return;
  const marked = list.querySelector<HTMLElement>('tr.disagree');
  list.scrollTop = marked === null ? list.scrollHeight : marked.offsetTop - list.clientHeight / 2;
}

function Applied({ entry }: { entry: LogEntry }) {
  return (
    <>
      <span title={`applied at ${momentOf(entry.atUs)}`}>
        view {entry.view}, client {entry.client} request {entry.request} <code>{entry.hash.slice(0, 8)}</code>
      </span>
      {entry.before === undefined ? null : (
        <div>
          before a restart: <Applied entry={entry.before} />
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
