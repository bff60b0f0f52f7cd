import { useTranslation } from 'react-i18next';
import { LANGUAGE_NAMES, LANGUAGES, type Language } from '../i18n/languages.ts';
import { chooseLanguage, spokenLanguage } from '../i18n/start.ts';
import { Card } from '../parts/Card.tsx';
import { Choice } from '../parts/Choice.tsx';
import { THEMES, useTheme } from '../shell/theme.ts';

/** In which language, and how light. */
export function LookCard() {
  const { t } = useTranslation('settings');
  const [theme, setTheme] = useTheme();
  return (
    <Card title={t('look.title')} id="look">
      <Choice<Language>
        label={t('look.language')}
        chosen={spokenLanguage()}
        options={LANGUAGES.map((language) => ({
          value: language,
          name: LANGUAGE_NAMES[language],
          lang: language,
        }))}
        onChoose={(language) => void chooseLanguage(language)}
      />
      <Choice
        label={t('look.theme')}
        chosen={theme}
        options={THEMES.map((value) => ({ value, name: t(`look.${value}`) }))}
        onChoose={setTheme}
      />
    </Card>
  );
}
