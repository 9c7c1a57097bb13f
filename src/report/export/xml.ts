/**
 * XML of our own, as little as JUnit files need. No XML library is among the dependencies, and a writer of elements,
 * attributes and text that escapes everything is shorter than the use of one would be.
 */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly children: readonly (XmlElement | string)[];
}

export function element(
  name: string,
  attributes: XmlElement['attributes'],
  children: XmlElement['children'] = [],
): XmlElement {
  return { name, attributes, children };
}

/** A document. Text stands as it is, so only elements without text are indented. */
export function xmlText(root: XmlElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${written(root, '')}\n`;
}

function written({ name, attributes, children }: XmlElement, indent: string): string {
  const head = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  const start = `${indent}<${name}${head.join('')}`;
  if (children.length === 0) return `${start}/>`;
  if (children.some((child) => typeof child === 'string')) {
    const inner = children.map((child) => (typeof child === 'string' ? escaped(child) : written(child, '')));
    return `${start}>${inner.join('')}</${name}>`;
  }
  const inner = children.map((child) => (typeof child === 'string' ? '' : written(child, `${indent}  `)));
  return [`${start}>`, ...inner, `${indent}</${name}>`].join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\r': '&#13;',
};

/** Characters that XML 1.0 cannot hold at all become U+FFFD: control characters, lone surrogates, U+FFFE and U+FFFF. */
function escaped(value: string): string {
  return value
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"'\t\r]/g, (letter) => ENTITIES[letter]!);
}
