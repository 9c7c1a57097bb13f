import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { systemReason, UserError } from '../plan/user-error.ts';
import type { ReportModel } from '../report/model.ts';

/** Longer pages are slow to open and refused by what mails and stores them. */
const PAGE_BYTES_MAX = 3_000_000;

/** What scripts/build.mjs made of src/page. */
interface PageParts {
  readonly script: string;
  readonly style: string;
  /** The style sheet that the chart library puts into each chart. */
  readonly chartStyle: string;
}

/**
 * The report as one self-contained page of at most 3 MB. Details of the last signatures are left out where they have no
 * room; the page says so.
 */
export function htmlReport(model: ReportModel): string {
  const parts = pageParts();
  let shown = model;
  for (;;) {
    const page = pageOf(shown, parts);
    if (Buffer.byteLength(page) <= PAGE_BYTES_MAX) return page;
    const smaller = withoutOneDetail(model, shown);
    if (smaller === null) return page;
    shown = smaller;
  }
}

function pageParts(): PageParts {
  try {
    return JSON.parse(readFileSync(join(import.meta.dirname, '../../dist/page/parts.json'), 'utf8')) as PageParts;
  } catch (error) {
    throw new UserError(
      `the page is not built: ${systemReason(error)}`,
      'run npm run build, or choose another --format',
    );
  }
}

/** Without the detail of the last signature that has one; null where none has. */
function withoutOneDetail(model: ReportModel, shown: ReportModel): ReportModel | null {
  const last = shown.signatures.findLastIndex(({ detail }) => detail !== null);
  if (last < 0) return null;
  const signatures = shown.signatures.map((each, place) => (place === last ? { ...each, detail: null } : each));
  const had = model.signatures.filter(({ detail }) => detail !== null).length;
  const has = signatures.filter(({ detail }) => detail !== null).length;
  const problem = `the page has no room for ${had - has} of ${had} details: it stays below 3 MB (--format json has all)`;
  return { ...model, signatures, problems: [...model.problems, problem] };
}

/** Nothing of the report can become markup: its data are base64, the few words outside them character references. */
function pageOf(model: ReportModel, { script, style, chartStyle }: PageParts): string {
  const data = gzipSync(JSON.stringify(model), { level: 9 }).toString('base64');
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)} ${hashOf(chartStyle)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const { runs, passed, failed, inconclusive, unexpected } = model.totals;
  const sums = `${runs} runs: ${passed} passed, ${failed} failed, ${inconclusive} inconclusive, ${unexpected} not as declared.`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    `<title>${escaped(model.title)}</title>`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    `<noscript><p>${escaped(model.subject)}</p><h1>${escaped(model.title)}</h1><p>${sums}</p></noscript>`,
    '<div id="page"></div>',
    `<script type="application/gzip" id="report">${data}</script>`,
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** Everything but plain letters, digits and a little punctuation as character references; control characters go. */
function escaped(text: string): string {
  return [...text].map((char) => (/[\w .,:;()@#/-]/.test(char) ? char : `&#${codeOf(char)};`)).join('');
}

function codeOf(char: string): number {
  const code = char.codePointAt(0)!;
  const plain = code >= 0x20 && code !== 0x7f && (code < 0x80 || code > 0x9f) && (code < 0xd800 || code > 0xdfff);
  return plain ? code : 0xfffd;
}
