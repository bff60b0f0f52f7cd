import { Alert, Button, Stack, Text } from '@mantine/core';
import { ApiProblem } from '../api/request.ts';

/** An error with what can be done about it. */
export function Trouble({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  return (
    <Alert color="red" variant="light" title={error.message} role="alert">
      <Stack gap="xs" align="flex-start">
        {error instanceof ApiProblem && <Text size="sm">{error.mend}</Text>}
        {onRetry !== undefined && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
