import type { ReportGroup, ReportModel } from '../report/model.ts';
import { SignatureTable } from './failures.tsx';
import { useKept } from './kept.ts';
import { Figures, Search, Section, ShellLine, Table } from './parts.tsx';
import { addressOf } from './route.ts';
import { countOf, durationOf, grouped, matches } from './words.ts';

/** Signatures on the first page; the part Failures has all of them. */
const FIRST = 5;

export function Overview({ model }: { model: ReportModel }) {
  const { totals } = model;
  const reasons = totals.byReason.map(([reason, runs]) => `${grouped(runs)} ${reason}`).join(', ');
  return (
    <>
      <Problems model={model} />
      <Gate model={model} />
      <Section title="Verdicts">
        <Figures
          rows={[
            ['runs', grouped(totals.runs)],
            ['passed', grouped(totals.passed)],
            ['failed', grouped(totals.failed)],
            ['inconclusive', grouped(totals.inconclusive)],
            ['not as declared', grouped(totals.unexpected), totals.unexpected > 0 ? 'bad' : 'good'],
            ['events', grouped(totals.events)],
            ['virtual time', durationOf(totals.virtualUs)],
          ]}
        />
        {reasons === '' ? null : <p class="quiet">By reason: {reasons}</p>}
      </Section>
      {model.signatures.length > 0 ? (
        <Section title="Failures, worst first">
          <SignatureTable signatures={model.signatures.slice(0, FIRST)} />
          {model.signatures.length > FIRST ? (
            <p>
              <a href={addressOf({ view: 'failures' })}>{countOf(model.signatures.length - FIRST, 'more signature')}</a>
            </p>
          ) : null}
        </Section>
      ) : null}
      <Section title="By scenario">
        <Groups model={model} />
      </Section>
      <p class="quiet">
        Keys: digits go to the parts, <kbd>/</kbd> to the search; in a run <kbd>j</kbd> and <kbd>k</kbd> to the next and
        the previous event, in the diagram arrows, <kbd>+</kbd> and <kbd>-</kbd>, and the wheel with <kbd>Ctrl</kbd>.
      </p>
    </>
  );
}

function Problems({ model }: { model: ReportModel }) {
  if (model.problems.length === 0) return null;
  return (
    <Section title="What could not be had">
      <ul class="problems">
        {model.problems.map((problem) => (
          <li key={problem}>{problem}</li>
        ))}
      </ul>
    </Section>
  );
}

function Gate({ model }: { model: ReportModel }) {
  const { gate } = model;
  if (gate === null) return null;
  return (
    <Section title={`The gate ${gate.verdict}`}>
      <p class="quiet">
        Policy {gate.policy}, SHA-256 <code>{gate.policySha256}</code>
      </p>
      <ol>
        {gate.reasons.map(({ rule, text, replay }) => (
          <li key={`${rule} ${text}`}>
            <b>{rule}</b> {text} {replay === null ? null : <ShellLine line={replay} />}
          </li>
        ))}
      </ol>
    </Section>
  );
}

/** The verdict table: a row for each scenario, variant and profile; what did not end as declared stands first. */
function Groups({ model }: { model: ReportModel }) {
  const [search, setSearch] = useKept('overview search', '');
  const [worse, setWorse] = useKept('overview worse', false);
  const rows = model.groups
    .filter(
      (group) =>
        (!worse || group.unexpected > 0) &&
        matches(search, `${group.scenario} ${group.title} ${group.variant} ${group.profile} ${group.declared}`),
    )
    .sort((one, other) => Number(other.unexpected > 0) - Number(one.unexpected > 0));
  return (
    <>
      <div class="filters">
        <Search label="Search the scenarios" value={search} onValue={setSearch} />
        <label>
          <input type="checkbox" checked={worse} onChange={() => setWorse(!worse)} /> only what did not end as declared
        </label>
        <span class="quiet" role="status">
          {rows.length} of {countOf(model.groups.length, 'row')}
        </span>
      </div>
      <Table
        heads={[
          'scenario',
          'variant',
          'runs',
          'passed',
          'failed',
          'inconclusive',
          'as declared',
          'run the worst again',
        ]}
      >
        {rows.map((group) => (
          <GroupRow key={`${group.scenario} ${group.variant} ${group.profile}`} group={group} model={model} />
        ))}
      </Table>
    </>
  );
}

function GroupRow({ group, model }: { group: ReportGroup; model: ReportModel }) {
  const { scenario, title, variant, profile, runs, seedFrom, seedTo, unexpected, declared, replay } = group;
  const paged = model.scenarios.some(({ page }) => page.id === scenario);
  const seeds = seedFrom === seedTo ? `seed ${seedFrom}` : `seeds ${seedFrom}..${seedTo}`;
  return (
    <tr>
      <td>
        {paged ? <a href={addressOf({ view: 'rehearsal', id: scenario })}>{scenario}</a> : <b>{scenario}</b>}
        <div class="quiet">{title}</div>
      </td>
      <td>
        {variant}
        <div class="quiet">{profile}</div>
      </td>
      <td class="number">
        {grouped(runs)}
        <div class="quiet">{seeds}</div>
      </td>
      <td class="number">{grouped(group.passed)}</td>
      <td class="number">{grouped(group.failed)}</td>
      <td class="number">{grouped(group.inconclusive)}</td>
      <td>
        <span class={`verdict ${unexpected === 0 ? 'good' : 'bad'}`}>
          {unexpected === 0 ? '✓ all' : `✗ ${grouped(unexpected)} not`}
        </span>
        {declared === '' ? null : <div class="quiet">must fail by {declared}</div>}
      </td>
      <td>
        <ShellLine line={replay} />
      </td>
    </tr>
  );
}
