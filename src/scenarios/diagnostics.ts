import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Pair } from 'yaml';

/** One mistake in a file: where it stands, what is wrong and what to do about it. Line and column count from 1. */
export interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Such as `inject[1].params.lossPer65536`; empty for the file as a whole. */
  readonly path: string;
  readonly problem: string;
  readonly remedy: string;
}

/** `file:line:column: path: problem; remedy`. */
export function diagnosticText({ file, line, column, path, problem, remedy }: Diagnostic): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${problem}; ${remedy}`;
}

/** A scenario file that cannot be used; the message has one line per mistake. */
export class ScenarioError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  readonly remedy: string;

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(diagnosticText).join('\n'));
    this.name = 'ScenarioError';
    this.diagnostics = diagnostics;
    this.remedy = diagnostics[0]?.remedy ?? '';
  }
}

/** A parsed YAML text with the means to say where in it a path stands. */
export class Located {
  private readonly file: string;
  private readonly document: Document;
  private readonly lines: LineCounter;

  constructor(file: string, document: Document, lines: LineCounter) {
    this.file = file;
    this.document = document;
    this.lines = lines;
  }

  /** A mistake at a path; at its nearest ancestor when the path itself is missing. `atKey` points at the key. */
  at(path: readonly PropertyKey[], problem: string, remedy: string, atKey = false): Diagnostic {
    let node: Node | null = this.document.contents as Node | null;
    let place: Node | null = node;
    for (const [depth, part] of path.entries()) {
      node = this.resolve(node);
      const pair = isMap(node) ? (node.items as Pair[]).find(({ key }) => keyOf(key) === String(part)) : undefined;
      const child = isSeq(node) ? (node.items[Number(part)] as Node | undefined) : (pair?.value as Node | undefined);
      if (pair !== undefined && (child === null || child === undefined || (atKey && depth === path.length - 1))) {
        place = pair.key as Node;
        break;
      }
      if (child === undefined || child === null) break;
      node = child;
      place = child;
    }
    return { ...this.position(place?.range?.[0] ?? 0), path: pathText(path), problem, remedy };
  }

  /** The place of an offset of the text. */
  position(offset: number): { file: string; line: number; column: number } {
    const { line, col } = this.lines.linePos(offset);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  private resolve(node: Node | null): Node | null {
    return isAlias(node) ? ((node.resolve(this.document) as Node | undefined) ?? null) : node;
  }
}

function keyOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : '';
}

export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : `${text === '' ? '' : '.'}${String(part)}`;
  return text;
}
