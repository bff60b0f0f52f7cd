import { ActionIcon, type MantineColorScheme, Tooltip, useMantineColorScheme } from '@mantine/core';
import { Icon, type IconName } from './icons.tsx';

const ORDER: Readonly<
  Record<MantineColorScheme, { next: MantineColorScheme; icon: IconName; name: string }>
> = {
  auto: { next: 'light', icon: 'system', name: 'as the system' },
  light: { next: 'dark', icon: 'sun', name: 'light' },
  dark: { next: 'auto', icon: 'moon', name: 'dark' },
};

/** Goes round: as the system, light, dark. */
export function ThemeToggle() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { next, icon, name } = ORDER[colorScheme];
  const label = `Theme: ${name}. Switch to ${ORDER[next].name}`;
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={label}
        onClick={() => setColorScheme(next)}
      >
        <Icon name={icon} />
      </ActionIcon>
    </Tooltip>
  );
}
