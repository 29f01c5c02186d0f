/** Who are you? */
export { SignInPage } from './sign-in-page.tsx';
