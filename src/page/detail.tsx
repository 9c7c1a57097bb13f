import type { ReportDetail, ReportModel, ReportSignature } from '../report/model.ts';
import { Events } from './events.tsx';
import { Commands, Logs, States } from './logs.tsx';
import { Figures, Section, ShellLine, Verdict } from './parts.tsx';
import { SpaceTime } from './space-time.tsx';
import { Timeline } from './timeline.tsx';
import { countOf, durationOf, grouped } from './words.ts';

interface DetailProps {
  readonly detail: ReportDetail | null;
  readonly signature: ReportSignature | undefined;
  readonly kind: ReportModel['kind'];
  /** Trace index of the event that the address names; -1: none. */
  readonly event: number;
  readonly onChoose: (event: number) => void;
}

/** One run in full: its failure, what led to it, and everything around it. */
export function Detail({ detail, ...rest }: DetailProps) {
  return detail === null ? <WithoutDetail {...rest} /> : <Shown detail={detail} {...rest} />;
}

function WithoutDetail({ signature, kind }: Pick<DetailProps, 'signature' | 'kind'>) {
  if (signature === undefined) return <p>This report has no such failure.</p>;
  return (
    <Section title={signature.signature}>
      <p>{signature.meaning}</p>
      <p class="quiet">
        This report has no detail of it:{' '}
        {kind !== 'run'
          ? 'only the worst signatures are shown in full.'
          : signature.bundle === null
            ? 'a run document holds no plans. Make a bundle with run --bundle, and report that.'
            : `a run document holds no plans. Report its bundle, ${signature.bundle}.`}
      </p>
      {signature.replay === null ? null : <ShellLine line={signature.replay} />}
    </Section>
  );
}

interface ShownProps extends Pick<DetailProps, 'signature' | 'event' | 'onChoose'> {
  readonly detail: ReportDetail;
}

function Shown({ detail, signature, event, onChoose }: ShownProps) {
  const { trace, run } = detail;
  const failedUs = detail.findings[0]?.atUs ?? -1;
  return (
    <>
      <Head detail={detail} signature={signature} />
      <Section title="Timeline of the run">
        <Timeline trace={trace} failedUs={failedUs} />
      </Section>
      <Section title="Messages around the failure">
        <SpaceTime detail={detail} failedUs={failedUs} chosen={event} onChoose={onChoose} />
      </Section>
      <Section title="Events">
        <p class="quiet">
          {countOf(trace.records.length, 'record')}; {grouped(detail.recordsBefore)} before and{' '}
          {grouped(detail.recordsAfter)} after are left out.
        </p>
        <Events detail={detail} chosen={event} onChoose={onChoose} />
      </Section>
      <Section title="Replicas">
        <States trace={trace} untilUs={failedUs} />
      </Section>
      <Section title="Logs side by side">
        <Logs detail={detail} />
      </Section>
      {detail.commands.length > 0 ? (
        <Section title="The operator's commands">
          <Commands commands={detail.commands} />
        </Section>
      ) : null}
      <p class="quiet">
        Trace hash <code>{run.traceHash}</code>
      </p>
    </>
  );
}

function Head({ detail, signature }: { detail: ReportDetail; signature: ReportSignature | undefined }) {
  const { run } = detail;
  return (
    <Section title={signature?.signature ?? `${run.scenario}, ${run.variant}, seed ${run.seed}`}>
      {signature === undefined ? null : <p>{signature.meaning}</p>}
      <Figures
        rows={[
          ['scenario', run.scenario],
          ['variant', run.variant],
          ['seed', String(run.seed)],
          ['events', grouped(run.events)],
          ['virtual time', durationOf(run.virtualUs)],
        ]}
      />
      <p>
        <Verdict verdict={run.verdict} expected={run.expected} />{' '}
        {run.explanation === signature?.meaning ? '' : run.explanation}
      </p>
      <Findings findings={detail.findings} />
      <p>
        <ShellLine line={signature?.replay ?? run.replay} />
      </p>
      {signature?.shrink == null ? null : (
        <p>
          <ShellLine line={signature.shrink} />
        </p>
      )}
    </Section>
  );
}

/** Findings that are seen at once; a run may have hundreds that follow from the first ones. */
const FINDINGS_FIRST = 5;

function Findings({ findings }: { findings: ReportDetail['findings'] }) {
  const lines = findings.map((finding, place) => <li key={place}>{finding.text}</li>);
  if (lines.length === 0) return null;
  return (
    <>
      <ul>{lines.slice(0, FINDINGS_FIRST)}</ul>
      {lines.length > FINDINGS_FIRST ? (
        <details>
          <summary>{countOf(lines.length - FINDINGS_FIRST, 'more finding')}</summary>
          <ul>{lines.slice(FINDINGS_FIRST)}</ul>
        </details>
      ) : null}
    </>
  );
}
