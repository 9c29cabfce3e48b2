// Adding an MFA device: a QR code, and two codes that prove that it works.

import {
  CreateVirtualMFADeviceCommand,
  DeleteVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  type VirtualMFADevice,
} from '@aws-sdk/client-iam';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { useChange } from '../parts/use-change.ts';
import { iam } from './iam-calls.ts';

interface MfaEnrolmentProps {
  readonly name: string;
  readonly onEnd: () => void;
}

/**
 * Creates a device, shows its key once, and enables it. An unfinished device is deleted when the dialog ends,
 * also because the person leaves the page.
 */
export function MfaEnrolment({ name, onEnd }: MfaEnrolmentProps) {
  const { device, keep } = useNewDevice(name);
  const [first, setFirst] = useState('');
  const [second, setSecond] = useState('');
  const enable = useChange({
    call: () =>
      iam().send(
        new EnableMFADeviceCommand({
          UserName: name,
          SerialNumber: device.data?.SerialNumber,
          AuthenticationCode1: first,
          AuthenticationCode2: second,
        }),
      ),
    done: `The MFA device of ${name} is enabled.`,
    reads: ['iam-mfa'],
    onDone: () => {
      keep();
      onEnd();
    },
  });
  const isCode = (code: string) => /^\d{6}$/.test(code);
  return (
    <ConfirmDialog
      title="Add an MFA device"
      action="Enable"
      isReady={isCode(first) && isCode(second)}
      change={enable}
      onDismiss={onEnd}
    >
      <ErrorAlert error={device.error} />
      {device.data ? <DeviceKey device={device.data} /> : !device.error && <Spinner />}
      <SpaceBetween size="m">
        <FormField label="First code">
          <Input
            value={first}
            inputMode="numeric"
            autoComplete="one-time-code"
            onChange={({ detail }) => setFirst(detail.value.trim())}
          />
        </FormField>
        <FormField label="Second code" description="The one that the app shows next.">
          <Input
            value={second}
            inputMode="numeric"
            autoComplete="off"
            onChange={({ detail }) => setSecond(detail.value.trim())}
          />
        </FormField>
      </SpaceBetween>
    </ConfirmDialog>
  );
}

/**
 * Creates a device once, with a name that no other device has. It is deleted with the component that asked for
 * it, unless that calls `keep`.
 */
function useNewDevice(name: string) {
  const isAsked = useRef(false);
  const isGone = useRef(false);
  const unfinished = useRef<string>(undefined);
  const create = useMutation({
    mutationFn: async () => {
      const made = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
      const command = new CreateVirtualMFADeviceCommand({
        VirtualMFADeviceName: `${name}-${made.toString(36)}`,
      });
      const { VirtualMFADevice } = await iam().send(command);
      if (VirtualMFADevice === undefined) throw new Error('The service made no device.');
      unfinished.current = VirtualMFADevice.SerialNumber;
      if (isGone.current) void discard(unfinished.current);
      return VirtualMFADevice;
    },
  });
  useEffect(() => {
    isGone.current = false;
    return () => {
      isGone.current = true;
      void discard(unfinished.current);
    };
  }, []);
  const { mutate } = create;
  useEffect(() => {
    if (isAsked.current) return;
    isAsked.current = true;
    mutate();
  }, [mutate]);
  const keep = () => {
    unfinished.current = undefined;
  };
  return { device: create, keep };
}

/** Deletes a device that was not enabled. One that is left proves nothing, and can be deleted later. */
async function discard(SerialNumber: string | undefined): Promise<void> {
  if (SerialNumber === undefined) return;
  try {
    await iam().send(new DeleteVirtualMFADeviceCommand({ SerialNumber }));
  } catch {
    // It may have been enabled meanwhile, or the session has ended.
  }
}

function DeviceKey({ device }: { readonly device: VirtualMFADevice }) {
  const seed = new TextDecoder().decode(device.Base32StringSeed);
  return (
    <SpaceBetween size="s">
      <div>Scan this with an authenticator app. It is shown once.</div>
      <QrCode png={device.QRCodePNG} />
      <ExpandableSection headerText="Show the key as text">
        <code>{seed}</code>
      </ExpandableSection>
    </SpaceBetween>
  );
}

/** Draws the picture of the service. It is drawn, because the page may show no data URLs. */
function QrCode({ png }: { readonly png: Uint8Array | undefined }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [problem, setProblem] = useState<unknown>();
  useEffect(() => {
    if (png === undefined) return;
    createImageBitmap(new Blob([new Uint8Array(png)], { type: 'image/png' })).then(
      (picture) => {
        if (canvas.current === null) return;
        canvas.current.width = picture.width;
        canvas.current.height = picture.height;
        canvas.current.getContext('2d')?.drawImage(picture, 0, 0);
      },
      (error: unknown) => setProblem(error),
    );
  }, [png]);
  return (
    <>
      <ErrorAlert error={problem} />
      <canvas ref={canvas} className="console-qr" role="img" aria-label="QR code of the device" />
    </>
  );
}
