import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ReportDetail } from '../report/model.ts';
import type { TraceEntry } from '../report/trace-model.ts';
import { Choice, Search } from './parts.tsx';
import { countOf, matches, momentOf } from './words.ts';

interface EventsProps {
  readonly detail: ReportDetail;
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
}

/** The records around the failure; a click puts one into the address. */
export function Events({ detail, chosen, onChoose }: EventsProps) {
  const [search, setSearch] = useState('');
  const [kind, setKind] = useState('');
  const [host, setHost] = useState('');
  const [chainOnly, setChainOnly] = useState(false);
  const { records, hosts } = detail.trace;
  const names = useMemo(() => new Map(hosts.map((each) => [each.host, each.name])), [hosts]);
  const chain = useMemo(() => new Set(detail.chain), [detail]);
  const kinds = useMemo(() => [...new Set(records.map((record) => record.kind))].sort(), [records]);
  const nameOf = (at: number) => names.get(at) ?? '';
  const rows = useMemo(() => records.map((record, id) => ({ record, id })), [records]);
  const found = rows.filter(
    ({ record }) =>
      (kind === '' || record.kind === kind) &&
      (host === '' || nameOf(record.host) === host) &&
      (!chainOnly || chain.has(record.index)) &&
      matches(search, `${nameOf(record.host)} ${record.kind} ${record.detail} ${record.index}`),
  );
  const failedUs = detail.findings[0]?.atUs ?? -1;
  const failed = records.findLast(({ atUs }) => atUs <= failedUs)?.index ?? -1;
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => scrollTo(list.current, chosen < 0 ? failed : chosen), [chosen, found.length]);
  useEffect(() =>
    listenToSteps(
      found.map(({ record }) => record.index),
      chosen,
      onChoose,
    ),
  );
  return (
    <>
      <div class="filters">
        <Search label="Search the events" value={search} onValue={setSearch} />
        <Choice label="kind" value={kind} options={kinds} onValue={setKind} />
        <Choice label="host" value={host} options={hosts.map(({ name }) => name)} onValue={setHost} />
        <label>
          <input type="checkbox" checked={chainOnly} onChange={() => setChainOnly(!chainOnly)} /> only the causal chain
        </label>
        <span class="quiet" role="status">
          {found.length} of {countOf(records.length, 'record')}
        </span>
      </div>
      <div class="events" ref={list}>
        <table>
          <tbody>
            {found.map(({ record, id }) => (
              <EventRow
                key={id}
                record={record}
                host={nameOf(record.host)}
                tone={`${chain.has(record.index) ? 'chain' : ''} ${record.index === chosen ? 'chosen' : ''}`}
                onChoose={onChoose}
              />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function EventRow(props: { record: TraceEntry; host: string; tone: string; onChoose: (index: number) => void }) {
  const { index, atUs, kind, detail } = props.record;
  return (
    <tr data-event={index} class={props.tone} onClick={() => props.onChoose(index)}>
      <td class="number">
        <a href={eventAddress(index)} title="Link to this event">
          {index}
        </a>
      </td>
      <td class="number">{momentOf(atUs)}</td>
      <td class="name">{props.host}</td>
      <td>{kind}</td>
      <td class="text">{detail}</td>
    </tr>
  );
}

function eventAddress(index: number): string {
  return `${location.hash.replace(/\/event\/.*$/, '')}/event/${index}`;
}

/** Brings the chosen record to the middle of the list, without moving the page. */
function scrollTo(list: HTMLElement | null, index: number): void {
  const row = list?.querySelector<HTMLElement>(`tr[data-event="${index}"]`);
  if (list == null || row == null) return;
  list.scrollTop = row.offsetTop - list.clientHeight / 2;
}

/** `j` and `k` choose the next and the previous of the records that are shown. */
function listenToSteps(indexes: readonly number[], chosen: number, onChoose: (index: number) => void): () => void {
  const pressed = (event: KeyboardEvent) => {
    const typing = event.target instanceof Element && event.target.closest('input, select, textarea') !== null;
    if (typing || (event.key !== 'j' && event.key !== 'k')) return;
    const next =
      event.key === 'j' ? indexes.find((index) => index > chosen) : indexes.findLast((index) => index < chosen);
    if (next !== undefined) onChoose(next);
  };
  addEventListener('keydown', pressed);
  return () => removeEventListener('keydown', pressed);
}
