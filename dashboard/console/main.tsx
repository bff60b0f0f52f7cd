import '../look/styles.ts';
import './styles/base.css';
import './styles/shell.css';
import './styles/live.css';
import './styles/feed.css';
import './styles/lists.css';
import './styles/quality.css';
import './styles/access.css';
import './styles/audit.css';
import './styles/sending.css';
import './styles/device.css';
import './styles/fences.css';
import './styles/pacing.css';
import './styles/rules.css';
import './styles/rule-editor.css';
import './styles/backtest.css';
import './styles/rule-results.css';
import './styles/explain.css';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createQueries } from '../api/queries.ts';
import { theme } from '../look/theme.ts';
import { App } from './App.tsx';

const queries = createQueries();

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <App />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
