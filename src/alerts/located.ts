import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';

/** A mistake in a rule file: where it stands (line from 1, path such as `groups[0].rules[2].expr`) and what to do about it. */
export class RuleFileError extends Error {
  readonly file: string;
  readonly line: number;
  readonly path: string;
  readonly problem: string;
  readonly remedy: string;

  constructor(file: string, line: number, path: string, problem: string, remedy: string) {
    super(`${file}:${line}: ${path === '' ? 'file' : path}: ${problem}; ${remedy}`);
    this.name = 'RuleFileError';
    this.file = file;
    this.line = line;
    this.path = path;
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** One mapping of the file with its path; every getter throws `RuleFileError` at the place of the mistake. */
export class LocatedMap {
  readonly path: string;
  private readonly source: LocatedYaml;
  private readonly map: YAMLMap;

  constructor(source: LocatedYaml, map: YAMLMap, path: string) {
    this.source = source;
    this.map = map;
    this.path = path;
  }

  fail(key: string, problem: string, remedy: string): never {
    const node = this.map.get(key, true) as Node | undefined;
    return this.source.fail(node ?? this.map, this.at(key), problem, remedy);
  }

  /** Refuses keys that are not in `allowed`; `remedies` says more about some. */
  onlyKeys(allowed: readonly string[], remedies: ReadonlyMap<string, string>): void {
    for (const [key, node] of this.entries()) {
      if (allowed.includes(key)) continue;
      this.source.fail(
        node,
        this.at(key),
        `key ${key} is not supported`,
        remedies.get(key) ?? `use ${allowed.join(', ')}`,
      );
    }
  }

  /** A scalar as text (numbers and booleans in their spelling of the file), undefined if the key is missing. */
  text(key: string): string | undefined {
    const node = this.map.get(key, true) as Node | undefined;
    if (node === undefined) return undefined;
    if (!isScalar(node) || node.value === null) return this.fail(key, 'is not text', 'write one value on this line');
    return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
  }

  requiredText(key: string, remedy: string): string {
    const text = this.text(key);
    if (text === undefined || text.trim() === '') return this.fail(key, `${key} is missing`, remedy);
    return text;
  }

  /** A mapping of names to texts; empty if the key is missing. */
  texts(key: string): { map: LocatedMap | undefined; pairs: [string, string][] } {
    const node = this.map.get(key, true) as Node | undefined;
    if (node === undefined) return { map: undefined, pairs: [] };
    if (!isMap(node)) return this.fail(key, 'is not a mapping', `write ${key} as name: value lines`);
    const map = new LocatedMap(this.source, node, this.at(key));
    const pairs = map.entries().map(([name]): [string, string] => [name, map.text(name) ?? '']);
    return { map, pairs };
  }

  maps(key: string, remedy: string): LocatedMap[] {
    const node = this.map.get(key, true) as Node | undefined;
    if (!isSeq(node)) return this.fail(key, `${key} is not a list`, remedy);
    return node.items.map((item, index) => this.source.mapAt(item as Node, `${this.at(key)}[${index}]`));
  }

  private entries(): [string, Node][] {
    const list: [string, Node][] = [];
    for (const pair of this.map.items) {
      const key = pair.key as Node;
      const name = isScalar(key) ? String(key.value) : '';
      list.push([name, key]);
    }
    return list;
  }

  private at(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }
}

/** A YAML text with the means to say where in it a mistake stands. */
export class LocatedYaml {
  readonly file: string;
  private readonly lines: LineCounter;

  private constructor(file: string, lines: LineCounter) {
    this.file = file;
    this.lines = lines;
  }

  /** Parses `text` and returns its top mapping. Throws `RuleFileError` on a YAML error. */
  static parse(file: string, text: string): LocatedMap {
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const source = new LocatedYaml(file, lines);
    const error = document.errors[0];
    if (error !== undefined) {
      throw new RuleFileError(file, lines.linePos(error.pos[0]).line, '', error.message, 'mend the YAML there');
    }
    return source.mapAt(document.contents, '');
  }

  mapAt(node: Node | null, path: string): LocatedMap {
    if (!isMap(node)) return this.fail(node, path, 'is not a mapping', 'write key: value lines');
    return new LocatedMap(this, node, path);
  }

  fail(node: Node | null, path: string, problem: string, remedy: string): never {
    const start = node?.range?.[0] ?? 0;
    throw new RuleFileError(this.file, this.lines.linePos(start).line, path, problem, remedy);
  }
}
