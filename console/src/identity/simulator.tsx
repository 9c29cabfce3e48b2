// What the policies of a user or a role decide.

import { type EvaluationResult, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import Textarea from '@cloudscape-design/components/textarea';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { iam } from './iam-calls.ts';

/** Asks the service what it would decide. Nothing is called. */
export function Simulator() {
  const [principal, setPrincipal] = useState('');
  const [actions, setActions] = useState('mq:CreateBroker\nkms:Decrypt');
  const [resource, setResource] = useState('*');
  const simulation = useMutation({
    mutationFn: () => simulate(principal.trim(), listOf(actions), resource.trim()),
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    simulation.mutate();
  };
  return (
    <SpaceBetween size="l">
      <form onSubmit={send}>
        <Container
          header={
            <Header
              variant="h2"
              description="It asks what the policies decide, and calls nothing. Key policies are not part of it."
              actions={
                <Button
                  variant="primary"
                  formAction="submit"
                  loading={simulation.isPending}
                  disabled={principal.trim() === ''}
                >
                  Simulate
                </Button>
              }
            >
              Simulator
            </Header>
          }
        >
          <SpaceBetween size="m">
            <FormField label="ARN of a user, group or role">
              <Input
                value={principal}
                placeholder="arn:aws:iam::…:user/anna"
                onChange={({ detail }) => setPrincipal(detail.value)}
                spellcheck={false}
              />
            </FormField>
            <FormField label="Actions" description="One a line.">
              <Textarea
                value={actions}
                rows={4}
                onChange={({ detail }) => setActions(detail.value)}
                spellcheck={false}
              />
            </FormField>
            <FormField label="Resource" description="An ARN, or * for any.">
              <Input
                value={resource}
                onChange={({ detail }) => setResource(detail.value)}
                spellcheck={false}
              />
            </FormField>
          </SpaceBetween>
        </Container>
      </form>
      <ErrorAlert error={simulation.error} />
      {simulation.data && <Decisions results={simulation.data} />}
    </SpaceBetween>
  );
}

function listOf(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

async function simulate(principal: string, actions: string[], resource: string) {
  const results: EvaluationResult[] = [];
  let Marker: string | undefined;
  do {
    const command = new SimulatePrincipalPolicyCommand({
      PolicySourceArn: principal,
      ActionNames: actions,
      ...(resource !== '' && { ResourceArns: [resource] }),
      Marker,
    });
    const page: {
      EvaluationResults?: EvaluationResult[] | undefined;
      IsTruncated?: boolean | undefined;
      Marker?: string | undefined;
    } = await iam().send(command);
    results.push(...(page.EvaluationResults ?? []));
    Marker = page.IsTruncated === true ? page.Marker : undefined;
  } while (Marker !== undefined);
  return results;
}

function Decisions({ results }: { readonly results: readonly EvaluationResult[] }) {
  return (
    <Table
      header={<Header variant="h2">Decisions</Header>}
      items={results}
      trackBy={({ EvalActionName = '' }) => EvalActionName}
      wrapLines
      ariaLabels={{ tableLabel: 'Decisions' }}
      columnDefinitions={[
        { id: 'action', header: 'Action', isRowHeader: true, cell: (item) => item.EvalActionName },
        { id: 'decision', header: 'Decision', cell: (item) => <Decision result={item} /> },
        {
          id: 'why',
          header: 'Policies that decided',
          cell: ({ MatchedStatements = [] }) =>
            MatchedStatements.map((each) => each.SourcePolicyId).join(', ') || (
              <Box color="text-body-secondary">None</Box>
            ),
        },
      ]}
    />
  );
}

function Decision({ result: { EvalDecision } }: { readonly result: EvaluationResult }) {
  if (EvalDecision === 'allowed') return <StatusIndicator type="success">Allowed</StatusIndicator>;
  const isExplicit = EvalDecision === 'explicitDeny';
  return (
    <StatusIndicator type="error">
      {isExplicit ? 'Denied by a policy' : 'Denied: no policy allows it'}
    </StatusIndicator>
  );
}
