import type { z } from 'zod';

/** What is wrong with a value, and what to do about it, in words that do not depend on the library that found it. */
export interface IssueWords {
  readonly problem: string;
  readonly remedy: string;
}

const COMPLETE = 'a plan file is complete: write every field, as `firedrill run` stores them in a bundle';

/** Words for the first thing that the form of a plan file found. Parse with `reportInput`. */
export function issueWords(issue: z.core.$ZodIssue): IssueWords {
  switch (issue.code) {
    case 'too_big':
      return isLength(issue.origin)
        ? { problem: `has more than ${issue.maximum} entries`, remedy: `give at most ${issue.maximum}` }
        : { problem: `is above ${issue.maximum}`, remedy: `give ${issue.maximum} or less` };
    case 'too_small':
      return isLength(issue.origin)
        ? { problem: 'is empty', remedy: COMPLETE }
        : { problem: `is below ${issue.minimum}`, remedy: `give ${issue.minimum} or more` };
    case 'invalid_type':
      if (issue.input === undefined) return { problem: 'is missing', remedy: COMPLETE };
      return {
        problem: `is no ${kindWord(issue.expected)}`,
        remedy: `write ${articled(kindWord(issue.expected))} here`,
      };
    case 'invalid_value': {
      const values = issue.values.map(String).join(', ');
      return issue.values.length === 1
        ? { problem: `is not ${values}`, remedy: `write ${values}` }
        : { problem: `is none of ${values}`, remedy: 'write one of them' };
    }
    case 'unrecognized_keys':
      return { problem: `has the unknown key ${issue.keys.join(', ')}`, remedy: 'leave it out; nothing may be added' };
    case 'invalid_union':
      return { problem: 'has none of the forms that are possible here', remedy: COMPLETE };
    default:
      return { problem: issue.message, remedy: COMPLETE };
  }
}

function isLength(origin: string): boolean {
  return origin === 'string' || origin === 'array' || origin === 'map' || origin === 'set';
}

function kindWord(expected: string): string {
  switch (expected) {
    case 'int':
      return 'whole number';
    case 'array':
      return 'list';
    case 'string':
      return 'text';
    case 'boolean':
      return 'true or false';
    case 'object':
    case 'record':
      return 'group of fields';
    default:
      return expected;
  }
}

function articled(kind: string): string {
  return kind === 'text' || kind.startsWith('true') ? kind : `a ${kind}`;
}

/** A path as people write it, such as `faults[2].trigger.nth`; '' for the whole. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : `${text === '' ? '' : '.'}${String(part)}`;
  return text;
}
