// What people do about each error of starts and commands, by the file that declares its code.

/** Remedies by file and code. */
export const commandRemedies: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'src/server/errors.ts': {
    'data-folder-foreign': 'name an empty folder or one of this program with `--data`',
    'root-key-missing':
      'restore your copy of it, or name it with `WAXWING_ROOT_KEY_FILE`, see [the root key](../operate/root-key.md)',
    'root-key-unavailable': 'check the token, the TPM or the KMS, and the access of the user to it',
    'root-key-wrong': 'use the key of this folder; key files of other folders have other names',
    'root-key-source-other':
      'set `WAXWING_ROOT_KEY` to the source that the message names, or move the key with `waxwing root-key change`',
    'not-private': 'run the `chown` or `chmod` that the message names, as the owner',
    'system-volume-missing': 'restore the whole folder from a backup',
    'broker-logs-unusable': 'restore the whole folder, or start once with `--discard-broker-logs`',
    'root-key-format-unknown': 'use the release that wrote it, or a newer one',
    'certificate-unusable':
      'replace the certificate or key as the message says, see [hosting for others](../guides/hosting-for-others.md)',
    'setting-invalid':
      'correct the option or variable that the message names, see [commands](commands.md)',
    'setting-conflict':
      'leave the option out, or use another folder: some settings are fixed at the first start',
    'not-running': 'start the service, or name its folder with `--data`',
    'provider-failed': 'check `--sso-issuer`, `--oidc-ca-file` and the network',
    'answer-invalid': 'use the same release for the command and the service',
    'trail-broken': 'keep the folder as it is, and find out who changed it; restore a backup',
    'not-all-sound': 'restore the volumes that the lines above name from a backup',
    'not-all-checked':
      'enable the keys, or start the service until promoted brokers are `RUNNING`, and check again',
  },
  'src/storage/errors.ts': {
    'disk-failed': 'read the log of the kernel; repair the disk, or free space on it',
    'folder-locked': 'stop the other process; its id is in the message if it is known',
    'volume-exists': 'name another folder',
    'not-a-volume': 'check the path; restore the folder from a backup',
    'format-too-new':
      'use the release that wrote it, or a newer one, see [downgrade](../operate/upgrade.md#downgrade)',
    'wrong-key': 'restore headers and files of the same time together',
    'key-invalid': 'report a bug, with `waxwing support-bundle`',
    'volume-damaged': 'restore the folder from a backup; the message has file and offset',
    'volume-rolled-back': 'restore all files of one time together, never single ones',
    'sealed-file-damaged': 'restore the file from a copy of the same time',
    'record-invalid': 'report a bug, with `waxwing support-bundle`',
    'log-failed': 'see the first failure in the log, then restart the broker or the service',
    'freeze-refused': 'repeat the backup later',
    'freeze-ended':
      'repeat the backup: the broker was restarted, the disk was nearly full, or it took too long',
    'not-a-backup': 'name the file that `waxwing backup` wrote',
    'backup-damaged': 'use another copy of the file, and the root key or KMS key of that time',
    'backup-refused': 'see the message: clusters and pairs have no backups',
  },
  'src/net/errors.ts': {
    'port-in-use': 'end the other program, or choose another port',
    'listen-failed':
      'name an address of this machine with `--host`; ports below 1024 need a capability',
    'request-failed': 'check the address and the network; the message has the reason',
  },
  'src/hosts/errors.ts': {
    'token-invalid': 'create a token with `waxwing node token`, and use it once, before it expires',
    'peer-unknown':
      'check the address, and why another machine answers there; otherwise let the host join again',
    'message-invalid': 'install the same release for the service and the host',
    'release-different': 'install the same release for the service and the host',
    'clock-wrong': 'synchronise the clocks of both machines, for example by NTP',
    'host-limit': 'remove a host that is not used any more, with `waxwing node remove`',
    'host-exists': 'choose another name or address, or remove the other host',
    'request-refused': 'see the reason in the message',
  },
  'src/volumes/errors.ts': {
    'volumes-unsupported': 'install gocryptfs and FUSE, see `waxwing doctor`',
    'volume-missing': 'restore the folder of the broker',
    'volume-damaged': 'restore the folder of the broker',
    'volume-key-wrong': 'restore the folder and the system volume of the same time',
    'volume-failed': 'see the message of gocryptfs; check FUSE and free space',
    'volume-busy': 'end the processes that use it; the service repeats it',
    'mountpoint-unsafe':
      'move what is in the mountpoint away, and check who wrote it: it is not encrypted',
  },
  'src/engines/installed/errors.ts': {
    'engine-not-found':
      'install it, or name its folder, see [clusters](../guides/clusters.md) and [pairs](../guides/pairs.md)',
    'engine-unusable':
      'run the program that the message names by hand; install the missing Erlang or Java',
  },
  'src/cli/errors.ts': {
    'aws-cli-missing': 'install the AWS CLI, or put it on the `PATH`',
    'call-failed': 'see the message: it is the answer of the service, or why there is none',
    'head-invalid': 'name the file that `waxwing audit head` wrote',
    'files-invalid': 'the lines above name them: find out who changed them',
    'folder-not-empty': 'name a new or empty folder',
    'profile-invalid': 'correct the profile in the files of the AWS CLI, or choose another name',
    'input-ended': 'run it on a terminal, or write all answers to its standard input',
    'input-invalid': 'answer as the message says',
    interrupted: 'run it again',
    'file-exists': 'name another file, or use `--force` if the command has it',
    'backup-failed': 'see the message, then repeat; no incomplete file has the name',
    'administrator-exists': 'choose another name, or use the existing administrator',
    'drill-unknown': 'run `waxwing drill` for the list',
    'clients-missing': 'run `npm install` in a checkout',
    'service-ended': 'read the output of the service above; run `waxwing doctor`',
    'drill-failed': 'a promise is broken on this machine: read the report, and report it privately',
    'setting-invalid': 'correct the option that the message names',
    'bundle-refused': 'take fewer `--log-lines`; if a secret was found, report a bug privately',
    'differences-found': 'read them; give what the message asks for, or `--accept-differences`',
    'transfer-incomplete':
      'the lines above name what is left; correct it and run the command again',
    'report-invalid': 'name a new file that ends with `.md` or `.json`',
  },
  'src/transfer/errors.ts': {
    'connection-failed':
      'check address, port, certificate (`--from-ca-file`, `--to-ca-file`) and network',
    'login-refused': 'check user, password file, and the permissions in the virtual host',
    'channel-closed': 'create what the message names, or import the definitions first',
    'protocol-error': 'check that the port is that of AMQP 0-9-1 over TLS',
    'not-supported': 'use a server with publisher confirms',
    'in-progress': 'wait for the other command, or end it first',
  },
};
