import type { Property, Report } from './property.ts';

/** INV-NO-ASSERT: no replica stops by an assertion of its own, unless the run injects the failure (R15). */
export class NoAssert implements Property {
  readonly id = 'INV-NO-ASSERT';
  private readonly injected: (replica: number) => boolean;
  private readonly report: Report;

  /** `injected` says whether the run has corrupted the memory of that replica, so that its assertion is due. */
  constructor(injected: (replica: number) => boolean, report: Report) {
    this.injected = injected;
    this.report = report;
  }

  onStop(replica: number, incarnation: number, cause: string): void {
    if (cause !== 'assertion' || this.injected(replica)) return;
    this.report(this.id, 'replica-asserted', { replica, incarnation });
  }
}
