import type { OperatorStep } from '../plan/plan.ts';
import type { CommandRecord } from '../plan/result.ts';
import type { Us } from '../sim/time.ts';
import type { OperatorShell } from './shell.ts';
import type { ShellRun } from './shell-run.ts';
import type { Simulation } from './simulation.ts';

/** How long the world runs between two looks at a wait without a time of its own. */
const POLL_US_MIN: Us = 1_000;

/**
 * The operator of a scenario: works through the steps, one script after another. While a script waits, the world goes
 * on; the shell runs only when its wait is over (R22).
 */
export class Operator<Fleet> {
  readonly records: CommandRecord[];
  private readonly simulation: Simulation;
  private readonly shell: OperatorShell<Fleet>;
  private readonly resolveHost: (name: string) => string | null;

  constructor(simulation: Simulation, shell: OperatorShell<Fleet>, resolveHost: (name: string) => string | null) {
    this.records = [];
    this.simulation = simulation;
    this.shell = shell;
    this.resolveHost = resolveHost;
  }

  /** Runs `steps` in order; stops early when the run has ended. Returns whether all were run. */
  async work(steps: readonly OperatorStep[]): Promise<boolean> {
    for (const step of steps) {
      if (this.simulation.failed || this.simulation.exhausted !== '') return false;
      this.simulation.cluster.world.mark(`operator:${step.id}`, -1);
      if (!(await this.step(step))) return false;
    }
    return true;
  }

  private async step(step: OperatorStep): Promise<boolean> {
    const world = this.simulation.cluster.world;
    const host = this.resolveHost(step.on);
    if (host === null) throw new Error(`step ${step.id}: no host ${step.on}; use a host name or alias of the cluster`);
    const startedUs = world.nowUs;
    const run = this.shell.start(step.script, host, step.timeoutUs);
    await run.pump();
    while (run.state !== 'done') {
      if (!this.pass(run)) return false;
      await run.pump();
    }
    const result = run.result ?? { stdout: '', stderr: '', code: 70 };
    const asExpected = matches(step, result.code, `${result.stdout}${result.stderr}`);
    this.records.push({
      step: step.id,
      on: step.on,
      script: step.script,
      startedUs,
      endedUs: world.nowUs,
      code: result.code,
      stdout: result.stdout.slice(0, 8_192),
      stderr: result.stderr.slice(0, 4_096),
      asExpected,
    });
    if (!asExpected) {
      this.simulation.report('INV-STEP-AS-EXPECTED', step.phase, {
        step: step.id,
        code: result.code,
        wanted: step.expectCode,
        output: `${result.stdout}${result.stderr}`.slice(-400),
      });
    }
    return !this.simulation.failed;
  }

  /** Lets the world pass until the script's wait is over; false when the run ended first. */
  private pass(run: ShellRun): boolean {
    const wait = run.wait;
    const world = this.simulation.cluster.world;
    if (wait === null) throw new Error('a shell stopped without waiting for anything');
    if (wait.kind === 'sleep') {
      if (!this.simulation.advance(world.nowUs + wait.us)) return false;
      run.resume(true);
      return true;
    }
    const untilUs = world.nowUs + wait.timeoutUs;
    const held = this.simulation.advanceUntil(wait.poll, Math.max(wait.everyUs, POLL_US_MIN), untilUs);
    if (this.simulation.failed || this.simulation.exhausted !== '') return false;
    run.resume(held);
    return true;
  }
}

/** Whether exit code and output are what the scenario expects. */
function matches(step: OperatorStep, code: number, output: string): boolean {
  if (code !== step.expectCode) return false;
  if (!step.expectMatch.every((pattern) => new RegExp(pattern, 'm').test(output))) return false;
  return !step.expectNoMatch.some((pattern) => new RegExp(pattern, 'm').test(output));
}
