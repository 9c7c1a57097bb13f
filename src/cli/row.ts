/** One option of a command. */
export interface OptionRow {
  readonly name: string;
  readonly text: string;
  /** True for one without a value. */
  readonly flag: boolean;
  readonly choices?: readonly string[];
}

/** A command as yargs shows it and as we read it; `C` is what it reads. */
export interface Row<C extends { readonly name: string }> {
  readonly name: C['name'];
  readonly usage: string;
  readonly summary: string;
  readonly positionals: readonly (readonly [name: string, text: string])[];
  readonly options: readonly OptionRow[];
  readonly examples: readonly (readonly [line: string, text: string])[];
  readonly notes: string;
  /** Throws a `UserError` for values that cannot be. */
  readonly read: (values: Record<string, unknown>) => C;
}

/** An option with a value. */
export function value(name: string, text: string, choices?: readonly string[]): OptionRow {
  return choices === undefined ? { name, text, flag: false } : { name, text, flag: false, choices };
}

/** An option without one. */
export function flag(name: string, text: string): OptionRow {
  return { name, text, flag: true };
}

export const JSON_FLAG = flag('json', 'print exactly one JSON document on stdout');

/** The text that was given for an option or positional; undefined: none. */
export function text(values: Record<string, unknown>, name: string): string | undefined {
  const found = values[name];
  return typeof found === 'string' ? found : undefined;
}

export function isSet(values: Record<string, unknown>, name: string): boolean {
  return values[name] === true;
}

/** What was given for a positional or option that may be given several times. */
export function list(values: Record<string, unknown>, name: string): string[] {
  const found = values[name];
  if (typeof found === 'string') return [found];
  return Array.isArray(found) ? found : [];
}
