/**
 * Label sets of the metrics layer. A label set is a list of (name, value) pairs in ascending code-unit order of the
 * name, without the metric's own name and without empty values: in Prometheus's data model an empty value and a missing
 * label are the same.
 */
export type Labels = readonly (readonly [name: string, value: string])[];

/** One element of an instant vector: `name` is '' once an operation has dropped the metric name. */
export interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

export const NO_LABELS: Labels = [];

/** Builds a label set from pairs in any order; empty values vanish. Throws on a repeated name. */
export function labelsOf(pairs: Iterable<readonly [string, string]>): Labels {
  const list = [...pairs].filter(([, value]) => value !== '');
  list.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  for (let i = 1; i < list.length; i++) {
    const name = list[i]![0];
    if (name === list[i - 1]![0]) throw new Error(`label ${name} stands twice in one label set`);
  }
  return list;
}

/** True if names ascend strictly and no value is empty. */
export function isCanonical(labels: Labels): boolean {
  for (let i = 0; i < labels.length; i++) {
    if (labels[i]![1] === '') return false;
    if (i > 0 && !(labels[i - 1]![0] < labels[i]![0])) return false;
  }
  return true;
}

/** The value of one label, '' if it is missing. */
export function labelValue(labels: Labels, name: string): string {
  for (let i = 0; i < labels.length; i++) {
    const pair = labels[i]!;
    if (pair[0] === name) return pair[1];
  }
  return '';
}

/** An injective text of a label set, for use as a map key; NUL and SOH cannot stand in a label name. */
export function labelKey(labels: Labels): string {
  let key = '';
  for (let i = 0; i < labels.length; i++) {
    const pair = labels[i]!;
    key += `${pair[0]}\u0001${pair[1].length}\u0001${pair[1]}\u0000`;
  }
  return key;
}

export function keepLabels(labels: Labels, names: readonly string[]): Labels {
  return labels.filter(([name]) => names.includes(name));
}

export function dropLabels(labels: Labels, names: readonly string[]): Labels {
  if (names.length === 0) return labels;
  return labels.filter(([name]) => !names.includes(name));
}

/** `base` with each pair of `over` set; an empty value in `over` removes the label. */
export function overlayLabels(base: Labels, over: readonly (readonly [string, string])[]): Labels {
  if (over.length === 0) return base;
  const names = over.map(([name]) => name);
  return labelsOf([...dropLabels(base, names), ...over]);
}

/** A readable form for messages: `{instance="n1", job="kimberlite"}`. */
export function formatLabels(labels: Labels): string {
  return `{${labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}
