import { UserError } from '../plan/user-error.ts';
import type { ReportModel } from '../report/model.ts';

/** The report as one self-contained page. */
export function htmlReport(_model: ReportModel): string {
  throw new UserError('the HTML page is not built yet', 'choose another --format');
}
