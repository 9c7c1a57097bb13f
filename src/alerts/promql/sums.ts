/**
 * Kahan-Neumaier compensated summation, as Prometheus sums since 2.x, so that a result does not depend on how many small values follow a
 * large one. Not finite sums stay what plain addition makes of them.
 */
export class CompensatedSum {
  private sum = 0;
  private compensation = 0;

  add(value: number): void {
    const next = this.sum + value;
    if (!Number.isFinite(next)) this.compensation = 0;
    else if (Math.abs(this.sum) >= Math.abs(value)) this.compensation += this.sum - next + value;
    else this.compensation += value - next + this.sum;
    this.sum = next;
  }

  total(): number {
    return this.sum + this.compensation;
  }
}
