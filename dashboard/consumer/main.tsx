import '../look/styles.ts';
import './consumer.css';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createQueries } from '../api/queries.ts';
import { theme } from '../look/theme.ts';
import { enter } from './enter.ts';
import { MePage } from './MePage.tsx';

const queries = createQueries();

// Started before React is: an invitation works once, and an effect may run twice.
const entered = enter();
// A second invitation opened in the same tab changes the hash only.
addEventListener('hashchange', () => location.reload());

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <MePage entered={entered} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
