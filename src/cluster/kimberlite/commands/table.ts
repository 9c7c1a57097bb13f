import type { CommandTable, OperatorCommand } from '../../host/command.ts';
import { program } from '../../host/subcommands.ts';
import { HOST_TOOLS } from '../../host/tools/table.ts';
import type { KimberliteFleet } from '../fleet.ts';
import { addIndex } from './add-index.ts';
import { ADD_STANDBY } from './add-standby.ts';
import { awsWithVolumes, resize2fs } from './aws-volumes.ts';
import { BACKUP } from './backup.ts';
import { CLOCK_OFFSET } from './clock-offset.ts';
import { CLUSTER_CONFIG } from './cluster-config.ts';
import { CLUSTER_FEATURES } from './cluster-features.ts';
import { CLUSTER_LOGS } from './cluster-logs.ts';
import { CLUSTER_RESTORE } from './cluster-restore.ts';
import { CLUSTER_STATUS } from './cluster-status.ts';
import { COMPACT_SCHEDULE } from './compact-schedule.ts';
import { DEBUG_PROFILE } from './debug-profile.ts';
import { DIAGNOSTICS } from './diagnostics.ts';
import { docker } from './docker.ts';
import { EVIDENCE } from './evidence.ts';
import { FAILOVER } from './failover.ts';
import { find } from './find-files.ts';
import { FORCE_LEADER } from './force-leader.ts';
import { heaptrack } from './heaptrack.ts';
import { INCIDENT_REPORTS } from './incident-report.ts';
import { kubectl } from './kubectl.ts';
import { issueCertificate, openssl } from './openssl.ts';
import { PEOPLE } from './people.ts';
import { QUERY } from './query.ts';
import { RECONFIG } from './reconfig.ts';
import { replaceDisk } from './replace-disk.ts';
import { REPLICA_ISOLATE } from './replica-isolate.ts';
import { REPLICA_STATUS } from './replica-status.ts';
import { rsync } from './rsync.ts';
import { server } from './server.ts';
import { SETUP } from './setup.ts';
import { SMOKE_TESTS } from './smoke-tests.ts';
import { STANDBY_THROTTLE } from './standby-throttle.ts';
import { STORAGE_ARCHIVE } from './storage-archive.ts';
import { STORAGE_COMPACT } from './storage-compact.ts';
import { STORAGE_RESTORE } from './storage-restore.ts';
import { ADMIN_VERIFY_COMMAND, STORAGE_VERIFY } from './storage-verify.ts';
import { SUPPORT_TOKEN } from './support-token.ts';

const CLI_ABOUT = 'kimberlite-cli asks and tells the replicas of the cluster.';
const ADMIN_ABOUT = 'kimberlite-admin works on the data directory of the host that it runs on.';

/** Every command that an operator of a simulated Kimberlite cluster has. */
export function kimberliteCommands(): CommandTable<KimberliteFleet> {
  const commands = new Map<string, OperatorCommand<KimberliteFleet>>(HOST_TOOLS);
  commands.set(
    'kimberlite-cli',
    program<KimberliteFleet>('kimberlite-cli', CLI_ABOUT, [
      ...CLUSTER_STATUS,
      ...CLUSTER_LOGS,
      ...CLUSTER_FEATURES,
      ...CLUSTER_CONFIG,
      ...RECONFIG,
      ...ADD_STANDBY,
      ...FAILOVER,
      CLUSTER_RESTORE,
      ...STANDBY_THROTTLE,
      ...REPLICA_STATUS,
      ...CLOCK_OFFSET,
      ...REPLICA_ISOLATE,
      ...STORAGE_VERIFY,
      ...STORAGE_RESTORE,
      ...STORAGE_COMPACT,
      ...STORAGE_ARCHIVE,
      ...DEBUG_PROFILE,
      ...BACKUP,
      ...COMPACT_SCHEDULE,
      ...EVIDENCE,
      ...QUERY,
      ...SMOKE_TESTS,
    ]),
  );
  commands.set(
    'kimberlite-admin',
    program<KimberliteFleet>('kimberlite-admin', ADMIN_ABOUT, [
      ADMIN_VERIFY_COMMAND,
      FORCE_LEADER,
      DIAGNOSTICS,
      SUPPORT_TOKEN,
    ]),
  );
  commands.set('heaptrack', heaptrack);
  commands.set('kimberlite-server', server);
  commands.set('add-index', addIndex);
  commands.set('docker', docker);
  commands.set('kubectl', kubectl);
  commands.set('openssl', openssl);
  commands.set('issue-certificate', issueCertificate);
  commands.set('aws', awsWithVolumes);
  commands.set('resize2fs', resize2fs);
  commands.set('replace-disk', replaceDisk);
  commands.set('rsync', rsync);
  commands.set('find', find);
  for (const [name, command] of [...PEOPLE, ...INCIDENT_REPORTS, ...SETUP]) commands.set(name, command);
  return { commands };
}
