import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useKept } from './kept.ts';
import { grouped } from './words.ts';

/** A verdict in a word and a shape beside its colour. */
export function Verdict({ verdict, expected }: { verdict: string; expected: boolean }) {
  const sign = verdict === 'passed' ? '✓' : verdict === 'failed' ? '✗' : '?';
  return (
    <span class={`verdict ${expected ? 'good' : 'bad'}`}>
      {sign} {verdict}
      {expected && verdict === 'failed' ? ' (declared)' : ''}
    </span>
  );
}

/** A shell line with a button that copies it. */
export function ShellLine({ line }: { line: string }) {
  const [copied, setCopied] = useState('');
  const copy = async () => {
    setCopied((await copyText(line)) ? 'copied' : 'select and copy it');
    setTimeout(() => setCopied(''), 2_000);
  };
  return (
    <span class="shell">
      <code>{line}</code>
      <button type="button" class="copy" onClick={() => void copy()} aria-label={`Copy: ${line}`}>
        {copied === '' ? 'copy' : copied}
      </button>
    </span>
  );
}

/** A page from `file://` may have no clipboard of its own; the old way works there. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

export function Search(props: { label: string; value: string; onValue: (value: string) => void }) {
  return (
    <input
      type="search"
      class="search"
      placeholder={props.label}
      aria-label={props.label}
      value={props.value}
      onInput={(event) => props.onValue(event.currentTarget.value)}
    />
  );
}

export function Choice(props: {
  label: string;
  value: string;
  options: readonly string[];
  onValue: (value: string) => void;
}) {
  return (
    <label class="choice">
      {props.label}{' '}
      <select value={props.value} onChange={(event) => props.onValue(event.currentTarget.value)}>
        <option value="">all</option>
        {props.options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Rows drawn at once: thousands would make a page slow that has to open at once. A search finds the others. */
const ROWS_MAX = 200;

/** The first rows of a long list, and the button that draws more of them. */
export function useFirst<T>(
  part: string,
  rows: readonly T[],
): { readonly first: readonly T[]; readonly more: ComponentChildren } {
  const [drawn, setDrawn] = useKept(`${part} drawn`, ROWS_MAX);
  if (rows.length <= drawn) return { first: rows, more: null };
  const more = (
    <button type="button" class="more" onClick={() => setDrawn(drawn + ROWS_MAX)}>
      {grouped(rows.length - drawn)} more
    </button>
  );
  return { first: rows.slice(0, drawn), more };
}

/** A table that scrolls sideways by itself where the screen is narrow. */
export function Table({ heads, children }: { heads: readonly string[]; children: ComponentChildren }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

export function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** Named figures in a row. */
export function Figures({ rows }: { rows: readonly (readonly [name: string, value: string, tone?: string])[] }) {
  return (
    <dl class="figures">
      {rows.map(([name, value, tone]) => (
        <div key={name} class={tone ?? ''}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
