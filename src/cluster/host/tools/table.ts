import type { OperatorCommand } from '../command.ts';
import type { HostFleet } from '../host-fleet.ts';
import { aws } from './aws.ts';
import { chronyc } from './chronyc.ts';
import { curl } from './curl.ts';
import { dd } from './dd.ts';
import { cp, rm, tar } from './disk-remove.ts';
import { df, du, ls } from './disk-space.ts';
import { iostat, memtester, smartctl, top, uptime } from './hardware.ts';
import { iotop, kill, pgrep } from './host-jobs.ts';
import { iftop } from './iftop.ts';
import { dmesg, journalctl } from './journal.ts';
import { ethtool, mtr } from './mtr.ts';
import { flamegraph, perf, stackcollapse } from './perf.ts';
import { nc, ping } from './ping.ts';
import { free, mpstat, pidof, ps } from './processes.ts';
import { apt, reboot } from './reboot.ts';
import { systemctl } from './systemctl.ts';
import { tcpdump, wireshark } from './tcpdump.ts';
import { uuidgen } from './uuidgen.ts';

/**
 * The ordinary tools of a simulated host. Those that a shell has of its own (`rm`, `ls`, `du`, `cp`, `tar`) stand before
 * it only for paths in the data directory.
 */
export const HOST_TOOLS: readonly (readonly [string, OperatorCommand<HostFleet>])[] = [
  ['apt', apt],
  ['aws', aws],
  ['chronyc', chronyc],
  ['cp', cp],
  ['curl', curl],
  ['dd', dd],
  ['df', df],
  ['dmesg', dmesg],
  ['du', du],
  ['ethtool', ethtool],
  ['flamegraph.pl', flamegraph],
  ['free', free],
  ['iftop', iftop],
  ['iostat', iostat],
  ['iotop', iotop],
  ['journalctl', journalctl],
  ['kill', kill],
  ['ls', ls],
  ['memtester', memtester],
  ['mpstat', mpstat],
  ['mtr', mtr],
  ['nc', nc],
  ['perf', perf],
  ['pgrep', pgrep],
  ['pidof', pidof],
  ['ping', ping],
  ['ps', ps],
  ['reboot', reboot],
  ['rm', rm],
  ['smartctl', smartctl],
  ['stackcollapse-perf.pl', stackcollapse],
  ['systemctl', systemctl],
  ['tar', tar],
  ['tcpdump', tcpdump],
  ['top', top],
  ['uptime', uptime],
  ['uuidgen', uuidgen],
  ['wireshark', wireshark],
];
