import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** Folder of the scenario files, beside `src/` and `dist/`. */
export const SCENARIO_ROOT = fileURLToPath(new URL('../../scenarios/', import.meta.url));

/** The Prometheus rule files of a system, with their texts. */
export function readAlertRules(system: string): { file: string; text: string }[] {
  const folder = `${SCENARIO_ROOT}${system}/`;
  return readdirSync(folder)
    .filter((name) => /^alerts.*\.ya?ml$/.test(name))
    .sort((left, right) => (left < right ? -1 : 1))
    .map((name) => ({ file: `scenarios/${system}/${name}`, text: readFileSync(folder + name, 'utf8') }));
}

/** Where the procedure of a catalogue id stands in the operations documents, and what it is worth to the letter. */
export interface CatalogueSection {
  /** Name and file of the document. */
  readonly document: string;
  readonly section: string;
  readonly lines: string;
  /** The catalogue's word: pass, conditional, unsafe, rejected, noop or underspecified. */
  readonly literal: string;
  readonly ambiguities: readonly string[];
}

/** The sections of a system's catalogue, by id (`scenarios/<system>/sections.yml`). */
export function readSections(system: string): ReadonlyMap<string, CatalogueSection> {
  const { documents, sections } = parse(readFileSync(`${SCENARIO_ROOT}${system}/sections.yml`, 'utf8')) as {
    documents: Readonly<Record<string, string>>;
    sections: Readonly<Record<string, Omit<CatalogueSection, 'ambiguities'> & { ambiguities?: readonly string[] }>>;
  };
  return new Map(
    Object.entries(sections).map(([id, row]) => [
      id,
      { ...row, document: `${row.document} (${documents[row.document] ?? ''})`, ambiguities: row.ambiguities ?? [] },
    ]),
  );
}
