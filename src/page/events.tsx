import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ReportDetail } from '../report/model.ts';
import type { TraceEntry } from '../report/trace-model.ts';
import { chainPlaces } from './chain.ts';
import { isForPage } from './keys.ts';
import { Choice, Search } from './parts.tsx';
import { countOf, matches, momentOf } from './words.ts';

interface EventsProps {
  readonly detail: ReportDetail;
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
}

interface Row {
  readonly record: TraceEntry;
  /** Position among the records: several may share one trace index. */
  readonly place: number;
}

/** Records beside the failure that are printed where no chain led to it. */
const PRINTED_BESIDE = 20;

/** The records around the failure; a click puts one into the address. */
export function Events({ detail, chosen, onChoose }: EventsProps) {
  const { records, hosts } = detail.trace;
  const names = useMemo(() => new Map(hosts.map((each) => [each.host, each.name])), [hosts]);
  const nameOf = (at: number) => names.get(at) ?? '';
  const chain = useMemo(() => chainPlaces(detail), [detail]);
  const failed = failedPlace(detail);
  const { found, filters } = useFilters(detail, chain, nameOf);
  const [picked, setPicked] = useState(-1);
  const marked = markedPlace(records, chain, chosen, picked);
  const choose = (place: number) => {
    setPicked(place);
    onChoose(records[place]!.index);
  };
  const list = useRef<HTMLDivElement>(null);
  const start = marked < 0 ? failed : marked;
  // Where a filter hides that record, the one before it.
  const seen = (found.findLast(({ place }) => place <= start) ?? found[0])?.place ?? -1;
  useLayoutEffect(() => scrollTo(list.current, start < 0 ? -1 : seen), [start, found.length]);
  // Before the next key can come: held down, it goes on from row to row.
  useLayoutEffect(() => listenToSteps(list, found, start, choose));
  return (
    <>
      <div class="filters">{filters}</div>
      <Missing chosen={chosen} hidden={marked >= 0 && !found.some(({ place }) => place === marked)} records={records} />
      {chain.size > 0 ? null : (
        <p class="printed quiet">
          No causal chain is known: these are the records nearest to the failure, or to the end.
        </p>
      )}
      <div class="events" ref={list}>
        <table>
          <tbody>
            {found.map(({ record, place }) => (
              <EventRow
                key={place}
                record={record}
                place={place}
                host={nameOf(record.host)}
                tone={[
                  chain.has(place) ? 'chain' : '',
                  chain.size === 0 && Math.abs(place - (failed < 0 ? records.length - 1 : failed)) <= PRINTED_BESIDE
                    ? 'near'
                    : '',
                  place === marked ? 'chosen' : '',
                ].join(' ')}
                onChoose={choose}
              />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** The last record up to the failure; -1 for a run without one. */
function failedPlace({ findings, trace: { records } }: ReportDetail): number {
  const failedUs = findings[0]?.atUs ?? -1;
  return records.findLastIndex(({ atUs }) => atUs <= failedUs);
}

/** Which record of the chosen event is marked: the one that was picked, else what the chain tells of it, else its first. */
function markedPlace(
  records: readonly TraceEntry[],
  chain: ReadonlySet<number>,
  chosen: number,
  picked: number,
): number {
  if (chosen < 0) return -1;
  if (records[picked]?.index === chosen) return picked;
  const chained = records.findIndex(({ index }, place) => index === chosen && chain.has(place));
  return chained >= 0 ? chained : records.findIndex(({ index }) => index === chosen);
}

/** The rows that the filters leave, and the filters. */
function useFilters(detail: ReportDetail, chain: ReadonlySet<number>, nameOf: (host: number) => string) {
  const [search, setSearch] = useState('');
  const [kind, setKind] = useState('');
  const [host, setHost] = useState('');
  const [chainOnly, setChainOnly] = useState(false);
  const { records, hosts } = detail.trace;
  const kinds = useMemo(() => [...new Set(records.map((record) => record.kind))].sort(), [records]);
  const rows = useMemo(() => records.map((record, place): Row => ({ record, place })), [records]);
  const found = rows.filter(
    ({ record, place }) =>
      (kind === '' || record.kind === kind) &&
      (host === '' || nameOf(record.host) === host) &&
      (!chainOnly || chain.has(place)) &&
      matches(search, `${nameOf(record.host)} ${record.kind} ${record.detail} ${record.index}`),
  );
  const filters = (
    <>
      <Search label="Search the events" value={search} onValue={setSearch} />
      <Choice label="kind" value={kind} options={kinds} onValue={setKind} />
      <Choice label="host" value={host} options={hosts.map(({ name }) => name)} onValue={setHost} />
      <label>
        <input type="checkbox" checked={chainOnly} onChange={() => setChainOnly(!chainOnly)} /> only the causal chain
      </label>
      <span class="quiet" role="status">
        {found.length} of {countOf(records.length, 'record')}
      </span>
    </>
  );
  return { found, filters };
}

/** Says why the event of the address is not in sight. */
function Missing(props: { chosen: number; hidden: boolean; records: readonly TraceEntry[] }) {
  const { chosen, hidden, records } = props;
  const there = chosen < 0 || records.some(({ index }) => index === chosen);
  if (there && !hidden) return null;
  return (
    <p class="missing" role="status">
      {there
        ? `Event ${chosen} is hidden by the filters.`
        : `Event ${chosen} is not among the ${countOf(records.length, 'record')} of this page.`}
    </p>
  );
}

interface EventRowProps extends Row {
  readonly host: string;
  readonly tone: string;
  readonly onChoose: (place: number) => void;
}

function EventRow({ record: { index, atUs, kind, detail }, place, host, tone, onChoose }: EventRowProps) {
  return (
    <tr data-event={index} data-place={place} class={tone} onClick={() => onChoose(place)}>
      <td class="number">
        <a href={eventAddress(index)} title="Link to this event" onClick={stayUnlessOpened}>
          {index}
        </a>
      </td>
      <td class="number">{momentOf(atUs)}</td>
      <td class="name">{host}</td>
      <td>{kind}</td>
      <td class="text">{detail}</td>
    </tr>
  );
}

/** The row chooses the event, in the same visit; with a key held the browser opens the address elsewhere. */
function stayUnlessOpened(event: MouseEvent): void {
  if (!event.ctrlKey && !event.metaKey && !event.shiftKey) event.preventDefault();
}

function eventAddress(index: number): string {
  return `${location.hash.replace(/\/event\/.*$/, '')}/event/${index}`;
}

/** Brings a record to the middle of the list, without moving the page. */
function scrollTo(list: HTMLElement | null, place: number): void {
  const row = list?.querySelector<HTMLElement>(`tr[data-place="${place}"]`);
  if (list == null || row == null) return;
  list.scrollTop = row.offsetTop - list.clientHeight / 2;
}

/** `j` and `k` choose the next and the previous of the records shown, from the failure on, and bring the list in sight. */
function listenToSteps(
  list: { readonly current: HTMLElement | null },
  found: readonly Row[],
  from: number,
  onChoose: (place: number) => void,
): () => void {
  const pressed = (event: KeyboardEvent) => {
    if ((event.key !== 'j' && event.key !== 'k') || !isForPage(event)) return;
    const next =
      event.key === 'j' ? found.find(({ place }) => place > from) : found.findLast(({ place }) => place < from);
    if (next === undefined) return;
    onChoose(next.place);
    list.current?.scrollIntoView({ block: 'nearest' });
  };
  addEventListener('keydown', pressed);
  return () => removeEventListener('keydown', pressed);
}
