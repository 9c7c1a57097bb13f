import type { Machine } from '../../sim/machine.ts';
import { SECOND, type Us } from '../../sim/time.ts';

/** The controller and the kubelets look at every pod this often. */
export const KUBERNETES_TICK_US: Us = SECOND;
/** Time between the end of a pod and its successor's container, and for an image that the node does not have yet. */
const RECREATE_US: Us = 2 * SECOND;
const PULL_US: Us = 5 * SECOND;
/** The default grace period of a pod whose process does not end when told to. */
const GRACE_US: Us = 30 * SECOND;
/** Readiness: the first probe this long after the container's start, then each of these (catalogue, readiness_probe). */
const READY_FIRST_US: Us = 10 * SECOND;
const READY_EVERY_US: Us = 5 * SECOND;
/** Kubelet's back-off of a container that keeps dying: doubled each time, up to the cap; forgotten after ten minutes. */
const BACKOFF_US: Us = 10 * SECOND;
const BACKOFF_US_MAX: Us = 300 * SECOND;
const BACKOFF_FORGET_US: Us = 600 * SECOND;

/** One pod: the ordinal is the host's number. */
export interface Pod {
  readonly host: number;
  /** Image tag of the pod, which its container restarts with. */
  tag: string;
  /** When its deletion began; -1: it is not being deleted. */
  terminatingUs: Us;
  /** When a container is to start; -1: one runs. */
  startUs: Us;
  ready: boolean;
  lastProbeUs: Us;
  restarts: number;
  backoffUs: Us;
  createdUs: Us;
  readonly pulled: Set<string>;
}

/** What a set needs of its fleet. */
export interface PodHosts {
  machineOfReplica(host: number): Machine;
  /** Answer of the pod's readiness endpoint. */
  isReady(host: number): boolean;
  /** A server is about to be ended. */
  stopping(machine: Machine, command: string): void;
  nowUs(): Us;
}

/**
 * The stateful set `kimberlite` of namespace `production` with its controller and the kubelets of its nodes, as far as
 * pods are restarted by them (Kubernetes documentation, StatefulSets: update strategies; pod lifecycle: restart policy).
 * The controller waits for readiness and for nothing else.
 */
export class StatefulSet {
  readonly pods: readonly Pod[];
  readonly volume: 'claim' | 'ephemeral';
  /** Tag of the template, and that of the revision before the last change, which pods below the partition keep. */
  tag: string;
  formerTag: string;
  strategy: 'RollingUpdate' | 'OnDelete';
  partition: number;
  private readonly hosts: PodHosts;

  constructor(hosts: PodHosts, tags: readonly string[], volume: 'claim' | 'ephemeral') {
    this.hosts = hosts;
    this.volume = volume;
    this.tag = tags.at(-1) as string;
    this.formerTag = tags[0] as string;
    this.strategy = 'RollingUpdate';
    // A set that is found half way through a change is one whose roll-out somebody holds with a partition.
    this.partition = Math.max(0, tags.indexOf(this.tag));
    this.pods = tags.map((tag, host) => ({
      host,
      tag,
      terminatingUs: -1,
      startUs: -1,
      ready: true,
      lastProbeUs: 0,
      restarts: 0,
      backoffUs: BACKOFF_US,
      createdUs: 0,
      pulled: new Set([tag]),
    }));
  }

  /** Changes the template's image; false when it is that one already. */
  setImage(tag: string): boolean {
    if (tag === this.tag) return false;
    if (this.pods.every((pod) => pod.tag === this.tag)) this.formerTag = this.tag;
    this.tag = tag;
    return true;
  }

  /** Begins the deletion of a pod: its process is told to end, and the controller makes another one. */
  deletePod(pod: Pod, command: string): void {
    if (pod.terminatingUs >= 0) return;
    const machine = this.hosts.machineOfReplica(pod.host);
    pod.terminatingUs = this.hosts.nowUs();
    pod.ready = false;
    machine.enabled = false;
    if (!machine.isUp) return;
    this.hosts.stopping(machine, command);
    if (!machine.paused) machine.stop('stop');
  }

  /** The container's main process is killed: the kubelet starts another one in the same pod, on the same volumes. */
  killContainer(pod: Pod, command: string): void {
    const machine = this.hosts.machineOfReplica(pod.host);
    if (!machine.isUp) return;
    this.hosts.stopping(machine, command);
    if (machine.paused) machine.resume(true);
    machine.stop('exit');
  }

  /** Pods that the roll-out has still to change. */
  outdated(): Pod[] {
    const first = this.strategy === 'RollingUpdate' ? this.partition : 0;
    return this.pods.filter((pod) => pod.host >= first && pod.tag !== this.tag);
  }

  phaseOf(pod: Pod): string {
    if (pod.terminatingUs >= 0) return 'Terminating';
    if (pod.startUs < 0) return 'Running';
    return pod.restarts > 0 ? 'CrashLoopBackOff' : 'ContainerCreating';
  }

  /** What controller and kubelets do about the pods at this moment. */
  tick(): void {
    for (const pod of this.pods) {
      if (pod.terminatingUs >= 0) this.finish(pod);
      else this.keep(pod);
    }
    if (this.strategy === 'RollingUpdate') this.roll();
  }

  /** A pod that is being deleted ends, with all that lies in it, and its successor is made. */
  private finish(pod: Pod): void {
    const machine = this.hosts.machineOfReplica(pod.host);
    const nowUs = this.hosts.nowUs();
    // A node that is gone confirms nothing: the pod stays Terminating, and the set waits (AMB-K8S-PVC).
    if (!machine.powered) return;
    if (machine.isUp) {
      if (nowUs - pod.terminatingUs < GRACE_US) return;
      if (machine.paused) machine.resume(true);
      machine.stop('stop');
    }
    if (nowUs - pod.terminatingUs < RECREATE_US) return;
    if (this.volume === 'ephemeral') for (const file of machine.disk.files()) machine.disk.removeFile(file);
    const held = this.strategy === 'RollingUpdate' && pod.host < this.partition;
    pod.tag = held ? this.formerTag : this.tag;
    pod.terminatingUs = -1;
    pod.createdUs = nowUs;
    pod.restarts = 0;
    pod.backoffUs = BACKOFF_US;
    pod.startUs = nowUs + (pod.pulled.has(pod.tag) ? 0 : PULL_US);
    pod.pulled.add(pod.tag);
  }

  /** Starts the container when it is due, counts its deaths, and probes it. */
  private keep(pod: Pod): void {
    const machine = this.hosts.machineOfReplica(pod.host);
    const nowUs = this.hosts.nowUs();
    if (!machine.powered) {
      pod.ready = false;
      return;
    }
    if (pod.startUs >= 0) {
      if (nowUs < pod.startUs) return;
      pod.startUs = -1;
      pod.ready = false;
      pod.lastProbeUs = nowUs + READY_FIRST_US - READY_EVERY_US;
      machine.enabled = true;
      machine.start();
      return;
    }
    if (!machine.isUp) {
      pod.ready = false;
      if (nowUs - machine.startedUs > BACKOFF_FORGET_US) pod.backoffUs = BACKOFF_US;
      pod.restarts++;
      pod.startUs = nowUs + pod.backoffUs;
      pod.backoffUs = Math.min(pod.backoffUs * 2, BACKOFF_US_MAX);
      return;
    }
    if (nowUs - pod.lastProbeUs < READY_EVERY_US) return;
    pod.lastProbeUs = nowUs;
    pod.ready = !machine.paused && this.hosts.isReady(pod.host);
  }

  /** The rolling update: from the highest ordinal down to the partition, the next when the one above is ready. */
  private roll(): void {
    for (let at = this.pods.length - 1; at >= this.partition; at--) {
      const pod = this.pods[at] as Pod;
      if (pod.terminatingUs >= 0) return;
      if (pod.tag !== this.tag) {
        this.deletePod(pod, 'rolling update');
        return;
      }
      if (!pod.ready) return;
    }
  }
}
