import { Center, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ApiProblem, request } from '../api/request.ts';
import type { Session } from '../api/shapes.ts';
import { Trouble } from '../look/Trouble.tsx';
import { Shell } from './Shell.tsx';
import { SignIn } from './SignIn.tsx';

/** Asks for the session first: the console for who is signed in, the sign-in page for everyone else. */
export function App() {
  const session = useQuery({ queryKey: ['session'], queryFn: fetchSession, staleTime: 60_000 });
  if (session.isPending) {
    return (
      <Center component="main" mih="100dvh">
        <Loader role="status" aria-label="Loading" />
      </Center>
    );
  }
  if (session.isError) {
    return (
      <Center component="main" mih="100dvh" p="md">
        <Trouble error={session.error} onRetry={() => session.refetch()} />
      </Center>
    );
  }
  return session.data === null ? <SignIn /> : <Shell session={session.data} />;
}

async function fetchSession(): Promise<Session | null> {
  try {
    return await request<Session>('GET', '/api/v1/session');
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) return null;
    throw error;
  }
}
