// The MFA devices of a user.

import {
  DeactivateMFADeviceCommand,
  DeleteVirtualMFADeviceCommand,
  ListMFADevicesCommand,
  type MFADevice,
} from '@aws-sdk/client-iam';
import Button from '@cloudscape-design/components/button';
import type { TableProps } from '@cloudscape-design/components/table';
import { useState } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { PagedTable } from '../parts/paged-table.tsx';
import { Time } from '../parts/time.tsx';
import { useChange } from '../parts/use-change.ts';
import { iam, pageItems, pageOf } from './iam-calls.ts';
import { MfaEnrolment } from './mfa-enrolment.tsx';

/** Lists the MFA devices of a user, adds and removes them. */
export function MfaDevices({ name }: { readonly name: string }) {
  const [isAdding, setAdding] = useState(false);
  const [removed, setRemoved] = useState<string>();
  const columns: readonly TableProps.ColumnDefinition<MFADevice>[] = [
    { id: 'serial', header: 'Device', isRowHeader: true, cell: (item) => item.SerialNumber },
    { id: 'since', header: 'Since', cell: (item) => <Time at={item.EnableDate} /> },
    {
      id: 'actions',
      header: 'Actions',
      cell: ({ SerialNumber = '' }) => (
        <Button
          variant="inline-link"
          ariaLabel={`Remove ${SerialNumber}`}
          onClick={() => setRemoved(SerialNumber)}
        >
          Remove
        </Button>
      ),
    },
  ];
  return (
    <>
      <PagedTable
        title="MFA devices"
        description="With a device, a sign-in needs its code, and policies can require it."
        queryKey={['iam-mfa', name]}
        load={async (Marker) => {
          const command = new ListMFADevicesCommand({
            UserName: name,
            MaxItems: pageItems,
            Marker,
          });
          const page = await iam().send(command);
          return pageOf(page.MFADevices, page);
        }}
        columns={columns}
        idOf={({ SerialNumber = '' }) => SerialNumber}
        empty="The user has no MFA device."
        actions={<Button onClick={() => setAdding(true)}>Add MFA device</Button>}
      />
      {isAdding && <MfaEnrolment name={name} onEnd={() => setAdding(false)} />}
      {removed !== undefined && (
        <RemoveDevice name={name} serial={removed} onEnd={() => setRemoved(undefined)} />
      )}
    </>
  );
}

interface RemoveDeviceProps {
  readonly name: string;
  readonly serial: string;
  readonly onEnd: () => void;
}

function RemoveDevice({ name, serial, onEnd }: RemoveDeviceProps) {
  const remove = useChange({
    call: async () => {
      const SerialNumber = serial;
      await iam().send(new DeactivateMFADeviceCommand({ UserName: name, SerialNumber }));
      await iam().send(new DeleteVirtualMFADeviceCommand({ SerialNumber }));
    },
    done: 'The MFA device is removed.',
    reads: ['iam-mfa'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title="Remove the MFA device"
      action="Remove"
      warning={`${name} can then sign in with the password alone.`}
      change={remove}
      onDismiss={onEnd}
    >
      {serial}
    </ConfirmDialog>
  );
}
