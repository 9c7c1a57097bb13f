import { render } from 'preact';
import type { ReportModel } from '../report/model.ts';
import { App } from './app.tsx';

/** Gzip as base64 in an element that no parser reads: nothing in a report can become markup. */
async function readModel(): Promise<ReportModel> {
  const packed = Uint8Array.from(atob(document.getElementById('report')!.textContent!), (char) => char.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return (await new Response(unpacked).json()) as ReportModel;
}

async function start(): Promise<void> {
  const root = document.getElementById('page')!;
  try {
    const model = await readModel();
    document.title = `${model.title} · firedrill`;
    root.replaceChildren();
    render(<App model={model} />, root);
    root.dataset['ready'] = 'yes';
  } catch (error) {
    root.textContent = `This browser cannot show the report: ${String(error)}`;
  }
}

void start();
