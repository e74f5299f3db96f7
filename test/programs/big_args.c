/*
 * Arguments that are hard to carry: argv[1] bytes of them in all (default 100,000), among them an empty one, one with
 * newlines, invalid UTF-8, control characters, and an empty one at the end.
 * Kernel: the block mm->arg_start..arg_end; one argument holds at most 128 KiB (MAX_ARG_STRLEN).
 *
 * run: 100000
 * together: main fork+exec+end | child fork+exec+end
 * apart: main fork+exec, end | child fork, exec, end
 */
#include "truth.h"

#define ONE_MOST 60000

int main(int argc, char **argv)
{
	static char *odd[] = {"0",
			      "",
			      "two\nlines\r\n",
			      "\xff\xfe not \xc3 utf-8 \xe2\x82",
			      "\x1b[31mred\x1b[0m\x07\x7f\x01",
			      "quote \" backslash \\ slash /",
			      "Gr\xc3\xbc\xc3\x9f"
			      "e \xe2\x82\xac \xf0\x9f\xa6\x9f \xe2\x80\xa8 \xe2\x80\xae"};
	long left = argc > 1 ? atol(argv[1]) : 100000;
	char **next = calloc((size_t)(left / ONE_MOST) + 16, sizeof(*next));
	char *path = truth_program("truth");
	int count = 0, size;
	size_t i;
	pid_t child;

	truth_begin(argc, argv);
	truth_self("exec");
	next[count++] = "truth";
	left -= sizeof("truth") + 1;
	for (i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		next[count++] = odd[i];
		left -= (long)strlen(odd[i]) + 1;
	}
	for (; left > 1; left -= size) {
		size = left > ONE_MOST ? ONE_MOST : (int)left;
		next[count] = malloc((size_t)size);
		memset(next[count], 'a' + count % 26, (size_t)size - 1);
		next[count++][size - 1] = '\0';
	}
	next[count] = "";
	child = truth_fork("child", "main");
	if (child == 0) {
		execv(path, next);
		err(TRUTH_FAILED, "execv");
	}
	truth_ended("child", child);
	return 0;
}
