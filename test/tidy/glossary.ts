/** The project's own words (one meaning each), which the glossary must define exactly once. */
export const WORDS = [
  'scenario',
  'plan',
  'run',
  'trace',
  'property',
  'finding',
  'verdict',
  'campaign',
  'mutant',
  'fate',
  'host',
  'system',
  'operator',
] as const;

/** The terms that a glossary page defines: bold at the start of a list item or paragraph. */
export function definedTerms(markdown: string): string[] {
  return [...markdown.matchAll(/^(?:[-*] )?\*\*([^*]+)\*\*/gm)].map((match) => (match[1] ?? '').toLowerCase());
}

/** Own words that are missing or doubled, and any other term defined twice. */
export function glossaryFindings(markdown: string): string[] {
  const terms = definedTerms(markdown);
  const problems: string[] = [];
  for (const word of WORDS) {
    if (!terms.includes(word)) problems.push(`docs/glossary.md does not define **${word}**`);
  }
  for (const term of new Set(terms)) {
    const count = terms.filter((each) => each === term).length;
    if (count > 1) problems.push(`docs/glossary.md defines **${term}** ${count} times: one meaning, one entry`);
  }
  return problems;
}
