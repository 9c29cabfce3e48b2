// Export and import of definitions.

import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FileUpload from '@cloudscape-design/components/file-upload';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { bytesText } from '../../broker/numbers.ts';
import { notify } from '../../notices.ts';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { printable } from '../../parts/printable.ts';
import { call, download } from '../api.ts';
import { VhostSelect } from '../parts/vhost-select.tsx';

/** Maximum size of definitions, which is that of the broker, bytes. */
const sizeBytesMax = 32 * 1024 * 1024;

/** Exports and imports definitions. */
export default function DefinitionsPage() {
  const [vhost, setVhost] = useState('');
  const path = vhost === '' ? ['definitions'] : ['definitions', vhost];
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        description="Users, virtual hosts, permissions, policies, queues, exchanges and bindings, without messages."
      >
        Definitions
      </Header>
      <Container>
        <FormField
          label="Virtual host"
          description="Only queues, exchanges, bindings, policies and parameters belong to one."
        >
          <VhostSelect value={vhost} all="All, with users and permissions" onChange={setVhost} />
        </FormField>
      </Container>
      <Export path={path} />
      <Import path={path} vhost={vhost} />
    </SpaceBetween>
  );
}

function Export({ path }: { readonly path: readonly string[] }) {
  const exported = useMutation({
    mutationFn: async () => save(await download(path), 'definitions.json'),
  });
  return (
    <Container header={<Header variant="h2">Export</Header>}>
      <SpaceBetween size="m">
        <Box>
          Passwords are not in the file, but hashes of passwords that were imported as hashes.
        </Box>
        <ErrorAlert error={exported.error} />
        <Button loading={exported.isPending} onClick={() => exported.mutate()}>
          Export definitions
        </Button>
      </SpaceBetween>
    </Container>
  );
}

/** Has the browser save a file. */
function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

interface ImportProps {
  readonly path: readonly string[];
  readonly vhost: string;
}

function Import({ path, vhost }: ImportProps) {
  const [files, setFiles] = useState<readonly File[]>([]);
  const [isAsked, setAsked] = useState(false);
  const client = useQueryClient();
  const [file] = files;
  const isTooLarge = file !== undefined && file.size > sizeBytesMax;
  const imported = useMutation({
    mutationFn: async () => call('POST', path, { text: (await file?.text()) ?? '' }),
    onSuccess: () => {
      notify('success', 'The definitions are imported.');
      setAsked(false);
      setFiles([]);
      return client.invalidateQueries();
    },
  });
  return (
    <Container header={<Header variant="h2">Import</Header>}>
      <SpaceBetween size="m">
        <FormField
          label="File"
          description="JSON, as an export of this console or of RabbitMQ."
          errorText={
            isTooLarge &&
            `The file has ${bytesText(file.size)}; ${bytesText(sizeBytesMax)} are allowed.`
          }
        >
          <FileUpload
            value={files}
            accept="application/json,.json"
            showFileSize
            onChange={({ detail }) => setFiles(detail.value.slice(-1))}
            i18nStrings={{
              uploadButtonText: () => 'Choose file',
              dropzoneText: () => 'Drop the file here',
              removeFileAriaLabel: () => 'Remove the file',
              limitShowFewer: 'Show fewer',
              limitShowMore: 'Show more',
              errorIconAriaLabel: 'Error',
            }}
          />
        </FormField>
        <Button disabled={file === undefined || isTooLarge} onClick={() => setAsked(true)}>
          Import definitions
        </Button>
      </SpaceBetween>
      {isAsked && (
        <ConfirmDialog
          title="Import definitions"
          action="Import"
          change={imported}
          onDismiss={() => setAsked(false)}
        >
          <Alert type="warning">
            Objects of the file are added
            {vhost === '' ? '' : ` to the virtual host ${printable(vhost)}`}. Users, policies and
            permissions with the same names are replaced; nothing is deleted.
          </Alert>
        </ConfirmDialog>
      )}
    </Container>
  );
}
