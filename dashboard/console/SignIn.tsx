import { Button, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { request } from '../api/request.ts';
import { ThemeToggle } from '../look/ThemeToggle.tsx';
import { Trouble } from '../look/Trouble.tsx';

export function SignIn() {
  const queries = useQueryClient();
  const [name, setName] = useState('admin');
  const [password, setPassword] = useState('');
  const signIn = useMutation({
    mutationFn: () => request<void>('POST', '/api/v1/session', { name, password }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['session'] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <main className="sign-in">
      <div className="sign-in-corner">
        <ThemeToggle />
      </div>
      <Paper className="surface sign-in-card" p="xl" radius="lg">
        <form onSubmit={submit}>
          <Stack gap="md">
            <img src="/icons/logo.svg" width={48} height={48} alt="" />
            <div>
              <Title order={1}>Wayside</Title>
              <Text c="dimmed" size="sm">
                Sign in to the console
              </Text>
            </div>
            <TextInput
              label="Name"
              name="name"
              autoComplete="username"
              required
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <PasswordInput
              label="Password"
              name="password"
              autoComplete="current-password"
              required
              data-autofocus
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            {signIn.isError && <Trouble error={signIn.error} />}
            <Button type="submit" loading={signIn.isPending}>
              Sign in
            </Button>
          </Stack>
        </form>
      </Paper>
    </main>
  );
}
