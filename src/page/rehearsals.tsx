import type { ReportModel, ReportScenario } from '../report/model.ts';
import { RecoveryChart } from './charts.tsx';
import { useKept } from './kept.ts';
import { Search, Section, Table } from './parts.tsx';
import { addressOf } from './route.ts';
import { countOf, durationOf, grouped, matches } from './words.ts';

type Page = ReportScenario['page'];

export function Rehearsals({ model }: { model: ReportModel }) {
  const [search, setSearch] = useKept('rehearsals search', '');
  const rows = model.scenarios.filter(({ page }) => matches(search, `${page.id} ${page.title} ${page.severity}`));
  return (
    <Section title="Rehearsals">
      <div class="filters">
        <Search label="Search the rehearsals" value={search} onValue={setSearch} />
        <span class="quiet" role="status">
          {rows.length} of {countOf(model.scenarios.length, 'rehearsal')}
        </span>
      </div>
      <Table heads={['rehearsal', 'severity', 'recovered', 'median', '95 %', 'longest', 'target', 'over it']}>
        {rows.map(({ page, recovery }) => (
          <tr key={page.id}>
            <td>
              <a href={addressOf({ view: 'rehearsal', id: page.id })}>{page.id}</a>
              <div class="quiet">{page.title}</div>
            </td>
            <td>{page.severity}</td>
            <td class="number">{grouped(recovery.count)}</td>
            <td class="number">{durationOf(recovery.medianUs)}</td>
            <td class="number">{durationOf(recovery.p95Us)}</td>
            <td class="number">{durationOf(recovery.maxUs)}</td>
            <td class="number">{recovery.targetUs === 0 ? 'none' : durationOf(recovery.targetUs)}</td>
            <td class="number">{grouped(recovery.overTarget)}</td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}

/** The page of one rehearsal: what breaks, what one sees, what one types, how it ended. */
export function Rehearsal({ model, id }: { model: ReportModel; id: string }) {
  const found = model.scenarios.find(({ page }) => page.id === id);
  if (found === undefined) return <p>This report has no rehearsal {id}.</p>;
  const { page } = found;
  return (
    <>
      <Section title={page.title}>
        <p class="quiet">
          {page.id}, {page.system}, {page.severity}
          {page.source === null ? '' : `; ${page.source.document}, ${page.source.section}, lines ${page.source.lines}`}
        </p>
        <p>{page.why}</p>
      </Section>
      <Outcome model={model} found={found} />
      <Section title="What breaks">
        <List items={page.breaks.map(({ text }) => text)} />
      </Section>
      <Section title="What one sees">
        <ul>
          {page.alerts.map((alert) => (
            <li key={alert.id}>
              <b>{alert.id}</b> ({alert.severity}) {alert.text} <code>{alert.expr}</code>
            </li>
          ))}
        </ul>
        <p class="quiet">
          {page.mayFire.length > 0 ? `May fire too: ${page.mayFire.join(', ')}. ` : ''}
          {countOf(page.silentCount, 'other alert')} must stay silent.
        </p>
      </Section>
      <Section title="What one types">
        <p>{page.starts}</p>
        <Steps title="Before anything breaks" steps={page.prepare} />
        <Steps title="Diagnose" steps={page.diagnose} />
        <Steps title="Resolve" steps={page.resolve} />
        <List items={page.gates} />
      </Section>
      <Wrong page={page} />
      <Section title="What is proven">
        <List items={page.proven} />
      </Section>
    </>
  );
}

function Outcome({ model, found: { page, recovery } }: { model: ReportModel; found: ReportScenario }) {
  const groups = model.groups.filter(({ scenario }) => scenario === page.id);
  return (
    <Section title="How it ended here">
      <ul>
        {groups.map((group) => (
          <li key={`${group.variant} ${group.profile}`}>
            {group.variant}, {group.profile}: {grouped(group.passed)} passed, {grouped(group.failed)} failed,{' '}
            {grouped(group.inconclusive)} inconclusive of {countOf(group.runs, 'run')};{' '}
            {group.unexpected === 0 ? 'all as declared' : `${grouped(group.unexpected)} not as declared`}
          </li>
        ))}
      </ul>
      {recovery.count === 0 ? (
        <p class="quiet">No run has a time from alert to recovery.</p>
      ) : (
        <>
          <p>
            From alert to recovery over {countOf(recovery.count, 'run')}: median {durationOf(recovery.medianUs)}, 95 of
            100 within {durationOf(recovery.p95Us)}, longest {durationOf(recovery.maxUs)}
            {recovery.targetUs > 0
              ? `; target ${durationOf(recovery.targetUs)}, ${grouped(recovery.overTarget)} over it`
              : '; no target'}
            . {recovery.without > 0 ? `${countOf(recovery.without, 'run')} without such a time.` : ''}
          </p>
          <RecoveryChart timing={recovery} />
        </>
      )}
    </Section>
  );
}

function Wrong({ page }: { page: Page }) {
  const { wrong } = page;
  if (wrong === null) return null;
  return (
    <Section title="Followed to the letter">
      <p>
        {wrong.title}: fails by <b>{wrong.property}</b>, {wrong.meaning}
      </p>
      <List items={page.source?.ambiguities ?? []} />
      <Steps title="Its steps" steps={wrong.steps} />
    </Section>
  );
}

function Steps({ title, steps }: { title: string; steps: Page['resolve'] }) {
  if (steps.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      {steps.map((step) => (
        <pre key={step.id}>
          {step.on === '' ? '' : `${step.on}`}$ {step.run}
        </pre>
      ))}
    </>
  );
}

function List({ items }: { items: readonly string[] }) {
  if (items.length === 0) return null;
  return (
    <ul>
      {items.map((item) => (
        <li key={item}>{item}</li>
      ))}
    </ul>
  );
}

/** Procedures that fail when they are followed to the letter. */
export function RunbookFindings({ model }: { model: ReportModel }) {
  return (
    <Section title="Procedures that fail when they are followed to the letter">
      <Table heads={['procedure', 'source', 'fails by', 'failed of literal runs']}>
        {model.runbookFindings.map((found) => (
          <tr key={found.scenario}>
            <td>
              <a href={addressOf({ view: 'rehearsal', id: found.scenario })}>{found.scenario}</a>
              <div>{found.title}</div>
            </td>
            <td class="quiet">{found.source}</td>
            <td>
              {found.property}
              <div class="quiet">{found.meaning}</div>
            </td>
            <td class="number">
              {found.runs === 0 ? 'none ran' : `${grouped(found.failed)} of ${grouped(found.runs)}`}
            </td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}
